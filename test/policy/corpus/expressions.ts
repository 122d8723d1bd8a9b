import fc from 'fast-check';

/** Also the names of claims, so that some are there. */
export const claimName = fc.constantFrom('a', 'b', 'c', 'constructor');

const NAMES = ['"b"', '"a/b"', 'request.path', 'request.method', 'labels.env', 'labels["a"]'];

/**
 * Expressions over what a request has, most of which a policy could hold. Each has a type, so that few are refused
 * when the policy loads; what stands in claims has any.
 */
export function createExpressions(): fc.Arbitrary<string> {
  const turn = grammar(['e', 'e.trim()', '"a"'], null);
  return grammar(NAMES, turn.bool).any;
}

interface Grammar {
  readonly any: fc.Arbitrary<string>;
  readonly bool: fc.Arbitrary<string>;
}

/** @param turn the body of a comprehension, in which `e` is an element; null where there is to be none */
function grammar(names: readonly string[], turn: fc.Arbitrary<string> | null): Grammar {
  const { any, bool } = fc.letrec<Record<Kind, string>>((tie) => {
    const of = (...parts: (string | Part)[]) => template(parts, tie);
    const some = (...choices: fc.Arbitrary<string>[]) =>
      fc.oneof({ maxDepth: 4, depthSize: 'xsmall' }, ...choices);
    const binary = (kind: Kind, ...operators: string[]) =>
      fc
        .tuple(tie(kind), fc.constantFrom(...operators), tie(kind))
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`);
    const loops = (methods: string[], ranges: string[]) =>
      turn === null
        ? []
        : methods.flatMap((method) =>
            ranges.map((range) => of(range, `.${method}(e, `, turn, ')')),
          );
    const compare = ['==', '!=', '<', '<=', '>', '>='];
    return {
      any: fc.oneof(
        tie('bool'),
        tie('bool'),
        tie('int'),
        tie('double'),
        tie('string'),
        tie('list'),
      ),
      bool: some(
        fc.constantFrom('true', 'false', 'identity.authenticated'),
        binary('bool', '&&', '||', '==', '!='),
        binary('bool', '&&', '||'),
        of('!', 'bool'),
        of('(', 'bool', ' ? ', 'bool', ' : ', 'bool', ')'),
        binary('int', ...compare),
        binary('double', ...compare),
        binary('string', ...compare),
        binary('list', '==', '!='),
        of('(', 'string', ' in ', 'list', ')'),
        of('(', 'string', ' in labels)'),
        of('(', 'int', ' in [', 'int', ', ', 'int', '])'),
        of('string', '.contains(', 'string', ')'),
        of('string', '.startsWith(', 'string', ')'),
        of('string', '.endsWith(', 'string', ')'),
        of('string', '.matches("^[ab/]*$")'),
        fc.constantFrom('has(labels.env)', 'has(labels.none)'),
        claimName.map((name) => `has(identity.claims.${name})`),
        claimName.map((name) => `("${name}" in identity.claims)`),
        fc.tuple(claimName, claimName).map(([a, b]) => `has(identity.claims.${a}.${b})`),
        binary('claim', ...compare),
        of('(', 'claim', ' == dyn(', 'any', '))'),
        of('(dyn(', 'any', ') == dyn(', 'any', '))'),
        of('(dyn(', 'int', ') < ', 'double', ')'),
        of('(', 'string', ' in ', 'claim', ')'),
        of('(', 'claim', ' in ', 'list', ')'),
        of('(', 'claim', ' in [', 'int', '])'),
        of('(', 'claim', ' && ', 'bool', ')'),
        of('(', 'bool', ' || ', 'claim', ')'),
        ...loops(['all', 'exists', 'exists_one'], ['list', 'labels', 'claim']),
      ),
      int: some(
        fc.constantFrom('0', '0', '0', '1', '1', '2', '-1', '7', '9223372036854775807'),
        binary('int', '+', '-', '*', '/', '%'),
        of('size(', 'string', ')'),
        of('size(', 'list', ')'),
        of('size(', 'claim', ')'),
        of('string', '.indexOf(', 'string', ')'),
        of('string', '.lastIndexOf(', 'string', ')'),
        of('(', 'bool', ' ? ', 'int', ' : ', 'int', ')'),
        of('int(', 'double', ')'),
      ),
      double: some(
        fc.constantFrom('0.0', '1.0', '-1.5', '2.5', '1e9'),
        binary('double', '+', '-', '*', '/'),
        of('double(', 'int', ')'),
        of('(', 'bool', ' ? ', 'double', ' : ', 'double', ')'),
      ),
      string: some(
        fc.constantFrom(...names, '""', '"a"', '"é😀"', '" A "'),
        binary('string', '+'),
        of('string', '.lowerAscii()'),
        of('string', '.upperAscii()'),
        of('string', '.trim()'),
        of('string', '.substring(', 'int', ')'),
        of('string', '.substring(', 'int', ', ', 'int', ')'),
        of('list', '.join("/")'),
        of('{"a": ', 'string', ', "b": ', 'string', '}["a"]'),
        of('list', '[', 'int', ']'),
        fc.constantFrom('labels["env"]', 'labels["none"]'),
        of('string(', 'int', ')'),
        of('string(', 'bool', ')'),
        of('(', 'bool', ' ? ', 'string', ' : ', 'string', ')'),
      ),
      list: some(
        fc.constantFrom('identity.groups', 'identity.scopes', '["a", "b"]'),
        of('[', 'string', ']'),
        of('[', 'string', ', ', 'string', ']'),
        binary('list', '+'),
        of('string', '.split("/")'),
        of('string', '.split("")'),
        ...loops(['filter'], ['list']),
        ...(turn === null ? [of('list', '.map(f, f + ', 'string', ')')] : []),
        of('(', 'bool', ' ? ', 'list', ' : ', 'list', ')'),
      ),
      claim: some(
        claimName.map((name) => `identity.claims.${name}`),
        claimName.map((name) => `identity.claims["${name}"]`),
        fc.tuple(claimName, claimName).map(([a, b]) => `identity.claims.${a}.${b}`),
        fc
          .tuple(claimName, fc.constantFrom('0', '1'))
          .map(([a, b]) => `identity.claims.${a}[${b}]`),
      ),
    };
  });
  return { any, bool };
}

type Kind = 'any' | 'bool' | 'int' | 'double' | 'string' | 'list' | 'claim';
type Part = fc.Arbitrary<string>;

const KINDS: ReadonlySet<string> = new Set([
  'any',
  'bool',
  'int',
  'double',
  'string',
  'list',
  'claim',
]);

function template(
  parts: readonly (string | Part)[],
  tie: (kind: Kind) => fc.Arbitrary<string>,
): fc.Arbitrary<string> {
  const filled = parts.map((part) => {
    if (typeof part !== 'string') return part;
    return isKind(part) ? tie(part) : fc.constant(part);
  });
  return fc.tuple(...filled).map((texts) => texts.join(''));
}

function isKind(part: string): part is Kind {
  return KINDS.has(part);
}
