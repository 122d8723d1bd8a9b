/** An answer of an HTTP server, as far as it tells of the server. */
export interface ObservedAnswer {
  url: string;
  status: number;
  /** Media type without parameters, in lower case; empty where the answer has none. */
  content_type: string;
  /** Where a redirect leads; empty where it is none. */
  location: string;
  /** Headers `Date` and `Age` as they came; empty where there is none. */
  date: string;
  age: string;
  /** By this machine's clock. */
  sent_at_ms: number;
  received_at_ms: number;
}
