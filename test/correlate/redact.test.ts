import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactQuery } from '../../agent/correlate/redact.ts';
import { splitRequestUri } from '../../agent/correlate/request-uri.ts';

const SECRETS = [
  'X-Amz-Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Goog-Signature',
];

describe('url.query', () => {
  test.each([
    ['a=1&b=2', 'a=1&b=2'],
    ['sig=abc', 'sig=REDACTED'],
    ['a=1&Signature=abc%3D&b=2', 'a=1&Signature=REDACTED&b=2'],
    ['X-Amz%2DSignature=abc', 'X-Amz%2DSignature=REDACTED'],
    ['s%69g=abc&sig=d=e', 's%69g=REDACTED&sig=REDACTED'],
    ['signature=abc&design=1', 'signature=abc&design=1'],
    ['sig', 'sig'],
    ['sig=', 'sig=REDACTED'],
    ['next=https://user:pass@host/x', 'next=https://REDACTED:REDACTED@host/x'],
    ['next=https%3A%2F%2Fuser%3Apass%40host', 'next=https%3A%2F%2FREDACTED:REDACTED%40host'],
    ['mail=me@example.com', 'mail=me@example.com'],
  ])('%s', (query, expected) => expect(redactQuery(query)).toBe(expected));

  test('no value of a secret parameter survives, wherever it stands', () => {
    const parameter = fc.tuple(
      fc.constantFrom(...SECRETS, 'a', 'page', 'q'),
      fc.constantFrom('s3cr3t', '', 's3cr3t=='),
    );
    fc.assert(
      fc.property(fc.array(parameter), (parameters) => {
        const secret = parameters.filter(([name]) => SECRETS.includes(name));
        const open = parameters.filter(([name]) => !SECRETS.includes(name));
        const redacted = redactQuery(parameters.map((pair) => pair.join('=')).join('&'));
        expect(redacted.split('s3cr3t').length - 1).toBe(open.filter(([, value]) => value !== '').length);
        expect(redacted.split('REDACTED').length - 1).toBe(secret.length);
      }),
    );
  });

  test('never crashes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (query) => redactQuery(query).length >= 0));
  });
});

describe('request targets', () => {
  test.each([
    ['/a/b?c=d', { path: '/a/b', query: 'c=d' }],
    ['/a/b', { path: '/a/b', query: undefined }],
    ['/a?', { path: '/a', query: undefined }],
    ['/a?b?c', { path: '/a', query: 'b?c' }],
    ['http://user:pass@host:80/a?b=1', { path: '/a', query: 'b=1' }],
    ['http://host', { path: '/', query: undefined }],
    ['http://host?x=1', { path: '/', query: 'x=1' }],
    ['/proxy/http://user:pass@host/', { path: '/proxy/http://REDACTED:REDACTED@host/', query: undefined }],
    ['host:443', { path: '', query: undefined }],
    ['*', { path: '*', query: undefined }],
    ['', { path: '', query: undefined }],
  ])('%s', (uri, expected) => expect(splitRequestUri(uri)).toEqual(expected));
});
