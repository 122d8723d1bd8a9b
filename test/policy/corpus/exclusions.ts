/** Vectors in which policies differ from the CEL specification, and why. */
export interface Exclusion {
  /** Policies do it on purpose, or the CEL library does not do better. */
  readonly by: 'choice' | 'library';
  readonly reason: string;
  readonly vectors: readonly string[];
}

/** Left out unread: they are about what policies do not have. */
export const UNREAD: readonly { readonly prefix: RegExp; readonly reason: string }[] = [
  {
    prefix: /^(?:dynamic|enums|proto2|proto2_ext|proto3|type_deductions|wrappers)\//,
    reason: 'protobuf messages, their wrappers and enums, and the types that are deduced of them',
  },
  { prefix: /^namespace\//, reason: 'names in the package of a container' },
  { prefix: /^optionals\//, reason: 'optional values' },
  {
    prefix: /^(?:bindings_ext|block_ext)\//,
    reason: 'cel.bind and cel.block, which can double a value',
  },
  {
    prefix: /^(?:encoders_ext|math_ext|macros2)\//,
    reason: 'extensions that policies do not have: base64, math, comprehensions of two variables',
  },
  {
    prefix: /^string_ext\/(?:char_at|replace|quote|format|format_errors)\//,
    reason: 'functions that policies do not have: charAt, replace, quote and format',
  },
];

/**
 * What the CEL library takes for something else than the specification does, so that a policy may not have it: an unsigned
 * integer is another number than a claim's, and a map's keys become texts.
 */
export const KEPT_OUT: readonly RegExp[] = [
  /^numbers are written without "u"/,
  /^there is no function "uint"|unknown function "uint"/,
  /^a key of a map must be a string/,
  /^a map cannot have a key "__proto__"/,
  /^the map has the key/,
];

export const EXCLUSIONS: readonly Exclusion[] = [
  {
    by: 'choice',
    reason:
      'lists, maps and conditionals of mixed types are refused when the policy loads; claims may be mixed',
    vectors: [
      'comparisons/eq_literal/not_eq_list_null',
      'comparisons/eq_literal/not_eq_list_false_vs_types',
      'comparisons/eq_literal/not_eq_map_null',
      'comparisons/eq_literal/not_eq_map_false_vs_types',
      'comparisons/eq_literal/not_eq_list_elem_null',
      'comparisons/in_list_literal/elem_in_mixed_type_list',
      'conversions/dyn/dyn_heterogeneous_list',
      'fields/map_fields/map_value_mix_type',
      'logic/conditional/mixed_type',
      'macros/exists/list_elem_type_shortcircuit',
      'macros/exists/list_elem_type_exhaustive',
      'macros/all/list_elem_type_shortcircuit',
      'plumbing/check_inputs/skip_check',
    ],
  },
  {
    by: 'choice',
    reason:
      'operators on operands of different types are refused when the policy loads; claims may be of any type',
    vectors: [
      'comparisons/eq_literal/not_eq_list_length',
      'comparisons/eq_literal/eq_mixed_types',
      'comparisons/eq_literal/eq_list_elem_mixed_types',
      'logic/AND/short_circuit_type_left',
      'logic/AND/short_circuit_type_right',
      'logic/OR/short_circuit_type_left',
      'logic/OR/short_circuit_type_right',
    ],
  },
  {
    by: 'choice',
    reason: 'what nobody knows is refused when the policy loads, not when a request comes',
    vectors: [
      'basic/variables/unbound_is_runtime_error',
      'basic/functions/unbound_is_runtime_error',
      'parse/receiver_function_names/as',
      'parse/receiver_function_names/break',
      'parse/receiver_function_names/const',
      'parse/receiver_function_names/continue',
      'parse/receiver_function_names/else',
      'parse/receiver_function_names/for',
      'parse/receiver_function_names/function',
      'parse/receiver_function_names/if',
      'parse/receiver_function_names/import',
      'parse/receiver_function_names/let',
      'parse/receiver_function_names/loop',
      'parse/receiver_function_names/package',
      'parse/receiver_function_names/namespace',
      'parse/receiver_function_names/return',
      'parse/receiver_function_names/var',
      'parse/receiver_function_names/void',
      'parse/receiver_function_names/while',
    ],
  },
  {
    by: 'choice',
    reason:
      'a policy has neither conversions to bytes, getDayOfYear, limits of split, nor zones for getters: date, hour and weekday take one',
    vectors: [
      'conversions/bytes/string_empty',
      'conversions/bytes/string',
      'conversions/bytes/string_unicode',
      'conversions/bytes/string_unicode_vs_literal',
      'conversions/identity/bytes',
      'string_ext/split/zero_limit',
      'string_ext/split/one_limit',
      'string_ext/split/unicode_negative_limit',
      'timestamps/timestamp_selectors/getDayOfYear',
      'timestamps/timestamp_selectors_tz/getDate',
      'timestamps/timestamp_selectors_tz/getDayOfMonth_name_pos',
      'timestamps/timestamp_selectors_tz/getDayOfMonth_numerical_pos',
      'timestamps/timestamp_selectors_tz/getDayOfMonth_numerical_neg',
      'timestamps/timestamp_selectors_tz/getDayOfMonth_name_neg',
      'timestamps/timestamp_selectors_tz/getDayOfWeek',
      'timestamps/timestamp_selectors_tz/getDayOfYear',
      'timestamps/timestamp_selectors_tz/getFullYear',
      'timestamps/timestamp_selectors_tz/getHours',
      'timestamps/timestamp_selectors_tz/getMinutes',
      'timestamps/timestamp_selectors_tz/getMonth',
      'timestamps/timestamp_selectors_tz/getSeconds',
    ],
  },
  {
    by: 'choice',
    reason: 'a timestamp of ours has milliseconds',
    vectors: [
      'timestamps/timestamp_arithmetic/add_time_to_duration_nanos_positive',
      'timestamps/timestamp_range/add_duration_nanos_over',
      'timestamps/timestamp_range/add_duration_nanos_under',
    ],
  },
  {
    by: 'library',
    reason: 'has no order of bytes',
    vectors: [
      'comparisons/lt_literal/lt_bytes',
      'comparisons/lt_literal/not_lt_bytes_same',
      'comparisons/lt_literal/not_lt_bytes_width',
      'comparisons/gt_literal/gt_bytes_one',
      'comparisons/gt_literal/gt_bytes_one_to_empty',
      'comparisons/gt_literal/not_gt_bytes_sorting',
      'comparisons/lte_literal/lte_bytes_empty',
      'comparisons/lte_literal/not_lte_bytes_length',
      'comparisons/gte_literal/gte_bytes_to_empty',
      'comparisons/gte_literal/not_gte_bytes_empty_to_nonempty',
      'comparisons/gte_literal/gte_bytes_samelength',
      'comparisons/bound/bytes_gt_left_false',
    ],
  },
  {
    by: 'library',
    reason:
      'takes the characters of a bytes literal for Latin-1, not UTF-8, and lets bytes that are no UTF-8 be a string; nothing in a request is bytes',
    vectors: [
      'basic/self_eval_nonzeroish/self_eval_bytes_escape',
      'comparisons/eq_literal/eq_bytes',
      'comparisons/ne_literal/not_ne_bytes',
      'conversions/string/bytes_invalid',
    ],
  },
  {
    by: 'library',
    reason: 'has no raw bytes literals with escapes',
    vectors: [
      'parse/bytes_literals/raw_single_quoted_escapes',
      'parse/bytes_literals/raw_double_quoted_escapes',
      'parse/bytes_literals/raw_triple_single_quoted_escapes',
      'parse/bytes_literals/raw_triple_double_quoted_escapes',
      'parse/bytes_literals/upper_raw_single_quoted_escapes',
      'parse/bytes_literals/upper_raw_double_quoted_escapes',
      'parse/bytes_literals/upper_raw_triple_single_quoted_escapes',
      'parse/bytes_literals/upper_raw_triple_double_quoted_escapes',
    ],
  },
  {
    by: 'library',
    reason:
      'lacks conversions of uint, timestamp and duration, and their sums the other way round; refused when the policy loads',
    vectors: [
      'conversions/identity/duration',
      'conversions/identity/timestamp',
      'timestamps/timestamp_conversions/toString_timestamp',
      'timestamps/timestamp_conversions/toString_timestamp_nanos',
      'timestamps/duration_conversions/toString_duration',
      'timestamps/timestamp_arithmetic/add_time_to_duration',
    ],
  },
  {
    by: 'library',
    reason:
      'has no has() of a literal, no quoted fields and no number that starts with a point; refused when the policy loads',
    vectors: [
      'fields/map_has/has',
      'fields/map_has/has_not',
      'fields/map_has/has_empty',
      'fields/quoted_map_fields/field_access_slash',
      'fields/quoted_map_fields/field_access_dash',
      'fields/quoted_map_fields/field_access_dot',
      'fields/quoted_map_fields/has_field_slash',
      'fields/quoted_map_fields/has_field_dash',
      'fields/quoted_map_fields/has_field_dot',
      'comparisons/gt_literal/not_gt_double',
    ],
  },
  {
    by: 'library',
    reason: 'calls the type of null "null", and has no name for it',
    vectors: ['conversions/type/null_type', 'conversions/type/null_type_denotation'],
  },
  {
    by: 'library',
    reason: 'compares an int and a double exactly; the specification goes through a lossy double',
    vectors: [
      'comparisons/lt_literal/not_lt_dyn_int_big_lossy_double',
      'comparisons/gt_literal/not_gt_dyn_big_double_int',
      'comparisons/lte_literal/lte_dyn_big_double_int',
      'comparisons/gte_literal/gte_dyn_int_big_lossy_double',
    ],
  },
  {
    by: 'library',
    reason: 'has ints beyond 64 bits where a double or a negation makes them',
    vectors: [
      'conversions/int/double_int_min_range',
      'integer_math/int64_math/int64_min_negate',
      'integer_math/int64_math/int64_min_negate_div',
    ],
  },
  {
    by: 'library',
    reason: 'fails on the elements of a list that the policy leaves empty',
    vectors: ['macros/all/list_empty'],
  },
  {
    by: 'library',
    reason: 'trims what JavaScript calls white space: U+FEFF too, U+0085 not',
    vectors: ['string_ext/trim/unicode_space_chars_1', 'string_ext/trim/unicode_no_trim'],
  },
  {
    by: 'library',
    reason: 'does not check the range of the sums of timestamps, nor of durations',
    vectors: [
      'timestamps/timestamp_range/add_duration_under',
      'timestamps/timestamp_range/add_duration_over',
      'timestamps/timestamp_range/sub_time_duration_over',
      'timestamps/timestamp_range/sub_time_duration_under',
      'timestamps/duration_range/from_string_under',
      'timestamps/duration_range/from_string_over',
      'timestamps/duration_range/add_under',
      'timestamps/duration_range/add_over',
      'timestamps/duration_range/sub_under',
      'timestamps/duration_range/sub_over',
    ],
  },
];
