/** Parameters whose values are secrets (HTTP semantic conventions, url.query). Compared with case, as they ask. */
const SECRET_PARAMETERS = new Set([
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Goog-Signature',
]);

// Cheap test for queries that cannot hold one of them; an encoded name has a percent sign.
const SUSPICIOUS = /[Ss]ig|AWS|Amz|%/;
const USER_INFO = /(:\/\/|%3A%2F%2F)[^/?#&\s]*?(@|%40)/gi;

/** `url.query` as it may be shown: the values of secret parameters are replaced by REDACTED. */
export function redactQuery(query: string): string {
  const redacted = SUSPICIOUS.test(query) ? query.split('&').map(redactParameter).join('&') : query;
  return redactUserInfo(redacted);
}

/** `scheme://user:password@host` anywhere in the text: the user information is replaced. */
export function redactUserInfo(text: string): string {
  if (!text.includes('@') && !text.includes('%40')) return text;
  return text.replace(USER_INFO, '$1REDACTED:REDACTED$2');
}

function redactParameter(parameter: string): string {
  const equals = parameter.indexOf('=');
  if (equals < 0) return parameter;
  const name = parameter.slice(0, equals);
  return SECRET_PARAMETERS.has(decodeName(name)) ? `${name}=REDACTED` : parameter;
}

/** As a server would read it: plus signs are spaces, percent escapes that are malformed stay. */
function decodeName(name: string): string {
  if (!name.includes('%')) return name;
  return name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
