import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OVERFLOW_ROUTE, RouteTable, routeOfPattern, templateOfPath } from '../../agent/correlate/route.ts';

describe('patterns of ServeMux', () => {
  test.each([
    ['/', '/'],
    ['GET /a/{id}', '/a/{id}'],
    ['example.com/a/', '/a/'],
    ['POST example.com/a/{rest...}', '/a/{rest...}'],
    ['GET /exact/{$}', '/exact/{$}'],
    ['named', 'named'],
  ])('%s', (pattern, route) => expect(routeOfPattern(pattern)).toBe(route));

  test('are not guessed', () => {
    expect(new RouteTable().find('GET /a/{id}', '/a/1')).toEqual({ route: '/a/{id}', guessed: false });
  });
});

describe('templates of paths', () => {
  test.each([
    ['/', '/'],
    ['/orders/4711/items', '/orders/{id}/items'],
    ['/api/v1/users', '/api/v1/users'],
    ['/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301', '/u/{uuid}'],
    ['/u/3f2504e04f8911d39a0c0305e82c3301/x', '/u/{uuid}/x'],
    ['/commit/9fceb02d0ae598e95dc970b74767f19372d61af8', '/commit/{hex}'],
    ['/commit/9fceb02', '/commit/{hex}'],
    ['/facade/decade', '/facade/decade'],
    ['/mail/someone@example.com', '/mail/{email}'],
    ['/mail/someone%40example.com', '/mail/{email}'],
    ['/t/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9', '/t/{token}'],
    ['/t/dGhpc0lzQVRva2VuV2l0aExldHRlcnM', '/t/{token}'],
    ['/days/2026-11-23', '/days/{id}'],
    ['/order-12345', '/{id}'],
    ['/static/app.js', '/static/app.js'],
    ['/well-known/thing/', '/well-known/thing/'],
    ['/a/größe', '/a/{text}'],
    ['/a/b/c/d/e/f/g/h/i/j', '/a/b/c/d/e/f/g/h/*'],
  ])('%s', (path, template) => expect(templateOfPath(path)).toBe(template));

  test('are marked as guessed', () => {
    expect(new RouteTable().find(undefined, '/orders/1')).toEqual({ route: '/orders/{id}', guessed: true });
    expect(new RouteTable().find('', '/orders/1')).toEqual({ route: '/orders/{id}', guessed: true });
  });

  test('there is none without a path', () => {
    expect(new RouteTable().find(undefined, '*')).toBeUndefined();
    expect(new RouteTable().find(undefined, '')).toBeUndefined();
  });

  test('beyond the limit they are one; those that are known stay', () => {
    const table = new RouteTable(2);
    const routes = ['/a', '/b', '/c', '/d', '/a'].map((path) => table.find(undefined, path)?.route);
    expect(routes).toEqual(['/a', '/b', OVERFLOW_ROUTE, OVERFLOW_ROUTE, '/a']);
  });

  test('whatever is asked for, their number and length are bounded', () => {
    const table = new RouteTable(20);
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webPath({ size: 'large' })), (tail) => {
        const route = table.find(undefined, `/${tail}`)?.route ?? '';
        seen.add(route);
        expect(route.length).toBeLessThan(9 * 33 + 3);
        expect(seen.size).toBeLessThanOrEqual(21);
      }),
      { numRuns: 2_000 },
    );
  });
});
