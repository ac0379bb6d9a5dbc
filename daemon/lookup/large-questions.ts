import pLimit from 'p-limit';
import { DarkserverError } from '../../shared/errors.ts';

/** Members up to which an answer is made in a turn or two; questions for more are large. */
export const LARGE_FROM = 250;

/** Large questions that are answered at once: a batch with siblings has a hundred megabytes in memory. */
const AT_ONCE = 2;

/** Large questions that wait for that. */
export const MAX_WAITING_QUESTIONS = 100;

/** Who is asked for more than LARGE_FROM members waits for others who were. Throws `too_many_requests`. */
export type InOrder = <Answer>(
  question: { readonly members: number; readonly verify: boolean },
  answer: () => Promise<Answer>,
) => Promise<Answer>;

/** Large questions are answered in many turns of the event loop, in which others come: a few at a time. */
export function createOrder(): InOrder {
  // Those that wait for other servers keep nobody else waiting.
  const [plain, verified] = [pLimit(AT_ONCE), pLimit(AT_ONCE)];
  return async ({ members, verify }, answer) => {
    if (members <= LARGE_FROM) return answer();
    const slots = verify ? verified : plain;
    if (slots.pendingCount < MAX_WAITING_QUESTIONS) return slots(answer);
    throw new DarkserverError(
      'too_many_requests',
      `too many large questions are waiting; ask again in a few seconds, or for no more than ${LARGE_FROM} at a time`,
    );
  };
}
