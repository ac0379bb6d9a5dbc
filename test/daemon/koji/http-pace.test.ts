import { describe, expect, test } from '@jest/globals';
import { HttpPace } from '../../../daemon/koji/http-pace.ts';

interface Paced {
  readonly pace: HttpPace;
  readonly limits: number[];
  readonly answer: (milliseconds: number, times?: number, what?: string) => void;
  readonly pass: (milliseconds: number) => void;
}

function paced(most = 8): Paced {
  let now = 1000;
  const limits: number[] = [];
  const pace = new HttpPace(
    most,
    { first: 1000, longest: 30_000 },
    (limit) => limits.push(limit),
    () => now,
  );
  return {
    pace,
    limits,
    answer: (milliseconds, times = 1, what = 'getBuild') => {
      for (let i = 0; i < times; i++) pace.note({ ended: 'answered', what, milliseconds });
    },
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
}

describe('how many requests are under way', () => {
  test('all that are allowed, while answers take as long as they did', () => {
    const { pace, limits, answer } = paced();
    answer(20, 50);
    answer(40, 50);
    expect(pace.limit).toBe(8);
    expect(limits).toEqual([]);
  });

  test('fewer and fewer while the server is ten times as slow, and all again when it has recovered', () => {
    const { pace, answer } = paced();
    answer(200, 100);
    answer(2000, 12);
    expect(pace.limit).toBeLessThan(5);
    answer(2000, 20);
    expect(pace.limit).toBe(1);
    answer(200, 60);
    expect(pace.limit).toBe(8);
  });

  test('what stays slow for a single request too is how the server is now', () => {
    const { pace, answer } = paced();
    answer(200, 100);
    answer(2000, 500);
    expect(pace.limit).toBe(8);
  });

  test('one answer that takes long says little, and other requests have times of their own', () => {
    const { pace, answer } = paced();
    answer(20, 100);
    answer(300);
    answer(20, 10);
    for (let i = 0; i < 20; i++) {
      answer(20, 5);
      answer(2000, 1, 'listBuilds');
    }
    expect(pace.limit).toBe(8);
  });

  test('requests that were under way when it fell do not make it fall again', () => {
    const { pace, answer } = paced();
    answer(20, 100);
    pace.note({ ended: 'failed' });
    expect(pace.limit).toBe(4);
    pace.note({ ended: 'failed' });
    expect(pace.limit).toBe(4);
    expect(pace.rest).toBe(0);
  });

  test('never none', () => {
    const { pace, answer, pass } = paced(1);
    answer(20, 10);
    for (let i = 0; i < 10; i++) pace.note({ ended: 'failed' });
    pass(60_000);
    expect(pace.limit).toBe(1);
  });
});

describe('a server is left alone', () => {
  test('for as long as it asks, and then asked by one request at first', () => {
    const { pace, answer, pass } = paced();
    pace.note({ ended: 'refused', retryAfter: 5000 });
    expect(pace.rest).toBe(5000);
    expect(pace.limit).toBe(1);
    pass(4000);
    expect(pace.rest).toBe(1000);
    pass(1000);
    expect(pace.rest).toBe(0);
    answer(20, 3);
    expect(pace.limit).toBeGreaterThan(1);
  });

  test('for an hour at most, whatever it asks', () => {
    const { pace } = paced();
    pace.note({ ended: 'refused', retryAfter: 1e12 });
    expect(pace.rest).toBe(3_600_000);
  });

  test('longer and longer when it fails time after time, and not at all after a success between', () => {
    const { pace, answer } = paced();
    const rests = Array.from({ length: 12 }, () => {
      pace.note({ ended: 'failed' });
      return pace.rest;
    });
    expect(rests).toEqual([0, 0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
    const other = paced();
    for (let i = 0; i < 10; i++) {
      other.pace.note({ ended: 'failed' });
      other.pace.note({ ended: 'refused', retryAfter: null });
      other.answer(20);
    }
    expect(other.pace.rest).toBe(0);
    answer(20);
  });
});
