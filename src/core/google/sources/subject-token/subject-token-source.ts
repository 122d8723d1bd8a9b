/** What a workload's own platform attests it with. A source neither keeps nor shares what it fetches. */
export interface SubjectTokenSource {
  /** How long fetching may take, where that is longer than usual. */
  readonly limit_ms?: number;
  /**
   * @param signal ends the attempt
   * @throws Malfunction, without a token in it or in its cause
   */
  readonly fetchSubjectToken: (signal: AbortSignal) => Promise<string>;
}
