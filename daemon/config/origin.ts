/** Where a setting came from, for errors and for check-config. */
export type Origin =
  | { readonly from: 'default' }
  | { readonly from: 'file'; readonly path: string; readonly line: number | null }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'flag'; readonly flag: string };

export function describeOrigin(origin: Origin): string {
  switch (origin.from) {
    case 'default':
      return 'default';
    case 'file':
      return origin.line === null ? origin.path : `${origin.path} line ${origin.line}`;
    case 'environment':
      return `environment ${origin.variable}`;
    case 'flag':
      return `flag ${origin.flag}`;
  }
}

/** One line of check-config. */
export interface SettingInForce {
  readonly key: string;
  /** As it would be written in the file; null where it is not set and nothing holds in its place. */
  readonly value: string | null;
  readonly origin: string;
}
