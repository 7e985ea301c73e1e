/** Ways out of what goes wrong with TLS, by the codes of Node and OpenSSL. */

/** Advice on a TLS error. */
export interface TlsAdvice {
  text: string
  /** Trying again does not help. */
  lasts: boolean
}

const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
]

/** The advice for an error of a connection, or `undefined` if it is not about TLS. */
export function adviceOnTls(code: string, message: string, protocol: string, host: string): TlsAdvice | undefined {
  const lasting = (text: string) => ({ text, lasts: true })
  if (UNTRUSTED.includes(code)) {
    const { NODE_EXTRA_CA_CERTS: file } = process.env
    return lasting(
      file
        ? `its certificate is not one that NODE_EXTRA_CA_CERTS vouches for: does ${file} hold it, or that of its CA? Node reads the file once, at its start`
        : 'its certificate is not trusted here: name the file that holds it, or that of its CA, in NODE_EXTRA_CA_CERTS',
    )
  }
  if (code === 'CERT_HAS_EXPIRED')
    return lasting('make a new certificate for Vite (server.https), or check the clock here')
  if (code === 'CERT_NOT_YET_VALID') return lasting('check the clock here, and the certificate of Vite (server.https)')
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return lasting(`make a certificate for Vite (server.https) that names ${host}, or use a name that it has`)
  }
  if (protocol === 'wss:' && (code === 'EPROTO' || code.startsWith('ERR_SSL'))) {
    return lasting('does that port speak TLS? Without server.https in the Vite config the URL begins with ws:')
  }
  // A TLS server hangs up on plain text. So does any server that is just shutting down, hence no `lasts`.
  if (protocol === 'ws:' && (code === 'ECONNRESET' || /socket hang up|Parse Error/.test(message))) {
    return { text: 'if Vite has server.https, the URL begins with wss:', lasts: false }
  }
  return undefined
}
