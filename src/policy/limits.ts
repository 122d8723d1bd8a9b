/**
 * What a policy may hold, which bounds the time and room that loading takes, and what one pass over its rules may use
 * (`decision_steps`, `text_characters`), which bounds a decision whatever the policy and the request hold. Where grants
 * are in force, the rule that matched is asked again for each that it used, every time with steps of its own.
 */
export const LIMITS = {
  file_bytes: 1024 * 1024,
  /** Lexical tokens of the YAML text: the parser's time grows with them. */
  yaml_tokens: 250_000,
  /** Nesting of the YAML collections, aliases followed. */
  yaml_depth: 32,
  /** Aliases followed, counted once for each time their anchor is repeated. */
  yaml_aliases: 100,
  yaml_nodes: 100_000,
  roles: 200,
  rules: 1_000,
  grants: 1_000,
  /** `max_uses` of a grant: each use is a claim in the state that the processes share. */
  grant_uses: 1_000,
  calendars: 50,
  calendar_dates: 500,
  /** Different headers that the rules of a policy set: each is looked for in every request. */
  upstream_headers: 32,
  header_characters: 1_024,
  tests: 1_000,
  name_characters: 128,
  expression_characters: 4_096,
  /** Parentheses, calls, selections and operators inside each other. */
  expression_depth: 64,
  /** Operators side by side, as in `a || b || c`. */
  expression_chain: 512,
  list_elements: 256,
  /** `all`, `exists`, `exists_one`, `map` and `filter` inside each other: each level multiplies the cost. */
  comprehension_depth: 2,
  pattern_characters: 512,
  /** Instructions of a compiled pattern: the time of a match is their number times the length of the text. */
  pattern_instructions: 1_000,
  /** Parts that one `split` may yield. */
  split_parts: 256,
  /**
   * Operations that all conditions of one decision may take together, each turn of a loop counted, and long texts and
   * lists for more than one. A thousand plain rules take some ten thousand.
   */
  decision_steps: 1_000_000,
  /** What `+` and `join` may make. */
  text_characters: 262_144,
  /** Parameters of a request's query, where a rule reads it. */
  query_parameters: 256,
} as const;
