import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../../src/core/json.ts';

type Selection = Map<string, Selection>;

/**
 * A partial response, as the system parameter `fields` asks for one: names with commas between, and of a message
 * its fields in brackets (cloud.google.com/apis/docs/system-parameters). `/` and `*` are not offered.
 *
 * @returns undefined where the parameter cannot be read
 */
export function selectFields(query: URLSearchParams, answer: JsonObject): JsonObject | undefined {
  const text = query.get('fields') ?? query.get('$fields');
  if (text === null) return answer;
  const selection = parse(text);
  return selection === undefined ? undefined : select(answer, selection);
}

function parse(text: string): Selection | undefined {
  const tokens = text.match(/[A-Za-z0-9_]+|[(),]|./g) ?? [];
  let at = 0;

  function list(): Selection | undefined {
    const names: Selection = new Map();
    for (;;) {
      const name = tokens[at++];
      if (name === undefined || !/^\w+$/.test(name)) return undefined;
      let inner: Selection | undefined = new Map();
      if (tokens[at] === '(') {
        at += 1;
        inner = list();
        if (inner === undefined || tokens[at++] !== ')') return undefined;
      }
      names.set(name, inner);
      if (tokens[at] !== ',') return names;
      at += 1;
    }
  }

  const selection = list();
  return at === tokens.length ? selection : undefined;
}

function select(object: JsonObject, selection: Selection): JsonObject {
  const kept: JsonObject = {};
  for (const [name, inner] of selection) {
    const value = ownMember(object, name);
    if (value !== undefined) kept[name] = inner.size === 0 ? value : selectIn(value, inner);
  }
  return kept;
}

function selectIn(value: JsonValue, selection: Selection): JsonValue {
  if (Array.isArray(value)) return value.map((element) => selectIn(element, selection));
  return isJsonObject(value) ? select(value, selection) : value;
}
