import { describe, expect, it } from 'vitest';
import { allow, policyOf } from '../support.ts';

describe('what a policy reads of a request', () => {
  it.each([
    ['true', [], [], false],
    ['request.method == "GET" && request.path == "/" && route == "a"', [], [], false],
    ['request.host == "a"', ['host'], [], false],
    ['request["host"] == "a"', ['host'], [], false],
    ['has(request.host)', ['host'], [], false],
    ['[1].all(x, request.client_ip == "a")', ['client_ip'], [], false],
    ['identity.groups.exists(g, g == service)', ['service'], [], false],
    ['false && request.host == "a"', ['host'], [], false],
    ['{"a": request.host}["a"] == "x"', ['host'], [], false],
    ['(true ? request.host : "a").size() > 1', ['host'], [], false],
    ['-size(request.host) < 0', ['host'], [], false],
    ['request.query.page[0] == "1"', [], [], true],
    ['"page" in request.query', [], [], true],
    ['request.headers["x-a"] == "1" || "x-b" in request.headers', [], ['x-a', 'x-b'], false],
    ['has(request.headers.x_c) && request["headers"]["x-d"] == "1"', [], ['x_c', 'x-d'], false],
    ['!("x-e" in request["headers"])', [], ['x-e'], false],
    ['[{"host": 1}].all(item, item.host == 1)', [], [], false],
  ])('%s', (when, attributes, headers, query) => {
    const { reads } = policyOf([allow('a', when)]);
    expect(reads).toEqual({ attributes, headers, query });
  });

  it('is gathered from all rules and roles', () => {
    const { reads } = policyOf(
      [allow('a', 'request.host == "a"'), allow('b', 'request.host == service')],
      { roles: { r: 'request.headers["x-a"] == request.client_ip' } },
    );
    expect(new Set(reads.attributes)).toEqual(new Set(['host', 'service', 'client_ip']));
    expect(reads.headers).toEqual(['x-a']);
  });
});
