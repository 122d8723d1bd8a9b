import { describe, expect, it } from 'vitest';
import { getCallerIdentity } from '../../../dev/aws/get-caller-identity.ts';
import { type SignOptions, signCallerIdentity } from './sign-caller-identity.ts';

const NOW = Date.UTC(2026, 10, 23, 9, 0, 0) / 1000;
const DATE = '20261123T090000Z';
const USER = {
  accessKeyId: 'AKIAEXAMPLE0000000001',
  secretAccessKey: 'user-secret',
  arn: 'arn:aws:iam::123456789012:user/ci',
};
const SESSION = {
  accessKeyId: 'ASIAEXAMPLE0000000002',
  secretAccessKey: 'session-secret',
  sessionToken: 'session/token+=',
  arn: 'arn:aws:sts::123456789012:assumed-role/gateway/i-1',
  expiresAt: NOW + 60,
};
const KEYS = [USER, SESSION];

function ask(options: Partial<SignOptions>, now = NOW) {
  return getCallerIdentity(signCallerIdentity({ key: SESSION, date: DATE, ...options }), KEYS, now);
}

describe('GetCallerIdentity', () => {
  it.each([
    ['a session', SESSION],
    ['a user', USER],
  ])('tells the ARN and the account of %s', (_, key) => {
    expect(ask({ key })).toEqual({ outcome: 'allow', arn: key.arn, account: '123456789012' });
  });

  it('answers at the global endpoint for us-east-1', () => {
    const url = 'https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15';
    expect(ask({ url, region: 'us-east-1' }).outcome).toBe('allow');
    expect(ask({ url, region: 'eu-central-1' }).outcome).toBe('deny');
  });

  it('takes a request within 15 minutes of its date, to both sides', () => {
    for (const now of [NOW - 900, NOW + 900]) {
      expect(ask({ key: USER }, now).outcome).toBe('allow');
    }
    for (const now of [NOW - 901, NOW + 901]) {
      expect(ask({ key: USER }, now)).toMatchObject({ code: 'SignatureDoesNotMatch' });
    }
  });

  it.each([
    ['an unknown key', { key: { ...USER, accessKeyId: 'AKIAX' } }, 'InvalidClientTokenId'],
    ['another secret', { key: { ...USER, secretAccessKey: 'x' } }, 'SignatureDoesNotMatch'],
    [
      'no session token',
      { headers: { 'x-amz-security-token': undefined } },
      'InvalidClientTokenId',
    ],
    ['another session token', { headers: { 'x-amz-security-token': 'x' } }, 'InvalidClientTokenId'],
    [
      'a session token with a key that has none',
      { key: USER, headers: { 'x-amz-security-token': 'x' } },
      'InvalidClientTokenId',
    ],
    ['the scope of another service', { service: 'iam' }, 'SignatureDoesNotMatch'],
    [
      'the scope of another region',
      {
        region: 'eu-west-1',
        url: 'https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15',
      },
      'SignatureDoesNotMatch',
    ],
    ['a date that is none', { date: '2026-11-23' }, 'IncompleteSignature'],
    [
      'an unsigned session token',
      { signedHeaders: ['host', 'x-amz-date'] },
      'SignatureDoesNotMatch',
    ],
    [
      'signed headers out of order',
      { signedHeaders: ['x-amz-date', 'host', 'x-amz-security-token'] },
      'SignatureDoesNotMatch',
    ],
    [
      'a signed header that is not there',
      { signedHeaders: ['host', 'x-amz-date', 'x-amz-security-token', 'x-other'] },
      'SignatureDoesNotMatch',
    ],
  ] as [string, Partial<SignOptions>, string][])('refuses %s', (_, options, code) => {
    expect(ask(options)).toMatchObject({ outcome: 'deny', code });
  });

  it('refuses a request that was changed after signing', () => {
    const signed = signCallerIdentity({ key: USER, date: DATE, headers: { 'x-other': 'a' } });
    signed.headers.set('x-other', 'b');
    expect(getCallerIdentity(signed, KEYS, NOW)).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  it('refuses a request without a signature', () => {
    const signed = signCallerIdentity({ key: USER, date: DATE });
    signed.headers.delete('authorization');
    expect(getCallerIdentity(signed, KEYS, NOW)).toMatchObject({ code: 'IncompleteSignature' });
  });

  it('refuses credentials whose time is over', () => {
    expect(ask({}, NOW + 59).outcome).toBe('allow');
    expect(ask({}, NOW + 60)).toMatchObject({ code: 'ExpiredToken' });
  });
});
