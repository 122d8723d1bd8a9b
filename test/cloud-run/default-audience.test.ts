import { describe, expect, it } from 'vitest';
import { defaultAudience } from '../../src/cloud-run/default-audience.ts';

describe('the default audience', () => {
  it.each([
    ['tasks-abc-ew.a.run.app', 'https://tasks-abc-ew.a.run.app'],
    ['Tasks-ABC-ew.a.run.app', 'https://tasks-abc-ew.a.run.app'],
    ['tasks-abc-ew.a.run.app.', 'https://tasks-abc-ew.a.run.app'],
    ['tasks-abc-ew.a.run.app:8443', 'https://tasks-abc-ew.a.run.app'],
    ['canary---tasks-abc-ew.a.run.app', 'https://tasks-abc-ew.a.run.app'],
    [
      'v-1---tasks-123456789012.europe-west3.run.app',
      'https://tasks-123456789012.europe-west3.run.app',
    ],
    ['a---b.example.com', 'https://a---b.example.com'],
    ['[::1]', 'https://[::1]'],
  ])('of host %s is %s', (host, audience) => {
    expect(defaultAudience(host)).toBe(audience);
  });

  it.each(['', 'a/b', 'user@host', 'a b', 'a?b', 'a#b', 'a\\b'])(
    'does not exist for "%s"',
    (host) => {
      expect(() => defaultAudience(host)).toThrow('makes no audience');
    },
  );
});
