import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
  readonly folder: string;
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** A fresh authority with a server's and a client's certificate, made by openssl. The caller removes `folder`. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=test authority',
    '-days',
    '2',
  );
  for (const name of ['server', 'client']) {
    const san = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
    const subject = ['-subj', `/CN=${name}`, '-addext', san, '-addext', 'basicConstraints=CA:FALSE'];
    openssl('req', '-x509', ...authority, ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, ...subject);
  }
  return {
    folder,
    ca: file('ca.pem'),
    serverCert: file('server.pem'),
    serverKey: file('server.key'),
    clientCert: file('client.pem'),
    clientKey: file('client.key'),
  };
}
