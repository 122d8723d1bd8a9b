import type { ExprValue } from '@bufbuild/cel-spec/cel/expr/eval_pb.js';
import type { Value } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import {
  getConformanceSuite,
  type IncrementalTest,
  type IncrementalTestSuite,
} from '@bufbuild/cel-spec/testdata/tests.js';
import { canonical, ofList, ofMap, ofTime } from './canonical.ts';

/** A test of the CEL specification (https://github.com/google/cel-spec/tree/master/tests/simple). */
export interface Vector {
  /** `comparisons/eq_literal/eq_int` */
  readonly name: string;
  readonly file: string;
  readonly expression: string;
  readonly bindings: ReadonlyMap<string, unknown>;
  /** A value in its canonical spelling; null where the expression must fail. */
  readonly expected: string | null;
  /** It is about what only protobuf has: messages, enums, names in a package. */
  readonly needsProtobuf: boolean;
}

export function readVectors(): Vector[] {
  return getConformanceSuite().suites.flatMap((file) =>
    testsIn(file).map(([name, test]) => toVector(file.name, name, test)),
  );
}

function testsIn({ name, tests, suites }: IncrementalTestSuite): [string, IncrementalTest][] {
  const own = tests.map((test): [string, IncrementalTest] => [
    `${name}/${test.original.name}`,
    test,
  ]);
  const inner = suites
    .flatMap(testsIn)
    .map(([path, test]): [string, IncrementalTest] => [`${name}/${path}`, test]);
  return [...own, ...inner];
}

function toVector(file: string, name: string, { original }: IncrementalTest): Vector {
  const { expr, bindings, resultMatcher, container } = original;
  const values = Object.entries(bindings).map(([variable, { kind }]) => {
    return [variable, kind.case === 'value' ? toValue(kind.value) : undefined] as const;
  });
  return {
    name,
    file,
    expression: expr,
    bindings: new Map(values),
    expected: expectation(resultMatcher),
    needsProtobuf:
      container !== '' ||
      /google\.protobuf|TestAllTypes/.test(expr) ||
      Object.entries(bindings).some(isOfProtobuf),
  };
}

function isOfProtobuf([variable, { kind }]: [string, ExprValue]): boolean {
  if (variable.includes('.') || kind.case !== 'value') return true;
  return ['objectValue', 'enumValue'].includes(kind.value.kind.case ?? '');
}

function expectation({
  case: kind,
  value,
}: IncrementalTest['original']['resultMatcher']): string | null {
  if (kind === undefined) return canonical(true);
  if (kind === 'value') return spell(value);
  return kind === 'typedResult' && value.result ? spell(value.result) : null;
}

function spell({ kind }: Value): string {
  switch (kind.case) {
    case 'nullValue':
      return canonical(null);
    case 'uint64Value':
      return `uint ${kind.value}`;
    case 'listValue':
      return ofList(kind.value.values.map(spell));
    case 'mapValue':
      return ofMap(kind.value.entries.map(({ key, value }) => [spellAny(key), spellAny(value)]));
    case 'objectValue':
      return spellTime(kind.value);
    case 'typeValue':
      return `type ${kind.value}`;
    default:
      return canonical(kind.value);
  }
}

function spellAny(value: Value | undefined): string {
  return value ? spell(value) : 'nothing';
}

/** The two messages that policies know; both hold seconds (field 1) and nanoseconds (field 2). */
function spellTime({ typeUrl, value }: { typeUrl: string; value: Uint8Array }): string {
  const message = /google\.protobuf\.(Timestamp|Duration)$/.exec(typeUrl)?.[1];
  if (message === undefined) return typeUrl;
  const fields = readVarints(value);
  const kind = message === 'Timestamp' ? 'timestamp' : 'duration';
  return ofTime(kind, fields.get(1) ?? 0n, Number(fields.get(2) ?? 0n));
}

/** A message that has none but varints (https://protobuf.dev/programming-guides/encoding/#varints). */
function readVarints(bytes: Uint8Array): Map<number, bigint> {
  const numbers: bigint[] = [];
  let [number, shift] = [0n, 0n];
  for (const byte of bytes) {
    number |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) {
      numbers.push(BigInt.asIntN(64, number));
      [number, shift] = [0n, 0n];
    }
  }
  const fields = new Map<number, bigint>();
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    fields.set(Number(numbers[index]) >> 3, numbers[index + 1] ?? 0n);
  }
  return fields;
}

/** As an evaluation takes it. */
function toValue({ kind }: Value): unknown {
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'listValue':
      return kind.value.values.map(toValue);
    case 'mapValue':
      return new Map(
        kind.value.entries.map(({ key, value }) => [key && toValue(key), value && toValue(value)]),
      );
    default:
      return kind.value;
  }
}
