/** What another machine's clock said, and what this one's did. */
export interface DateSample {
  /** Host that was asked. */
  host: string;
  /** By how much this machine's clock is ahead, in milliseconds; negative where it is behind. */
  ahead_ms: number;
  /** How far off that may be. */
  uncertainty_ms: number;
}
