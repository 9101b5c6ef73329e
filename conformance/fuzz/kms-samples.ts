// Made once and kept, so that a round is the same in every run: keys of nobody, and what was made with them.

/** 32 bytes: the key of all ciphertexts here. */
export const material = Buffer.alloc(32, 7);
/** What wrappings and seals here hold. */
export const wrappedBytes = Buffer.alloc(32, 9);

/** "plaintext" by each algorithm, for the context `tenant: a`. */
export const ciphertexts = [
  '01010f8fad5bd9cb469fa16570867728950e00000003820cfce6e635309abf256f33b473fa192c166a7913365102b9d56743f8b96afcc95d0756b3',
  '0102010f8fad5bd9cb469fa16570867728950000000338ff7546399f26288d34da8b8843752a1d4dd8ead495f7ee3ea4d34d2fd1434dbe8866eb95',
  '0103010f8fad5bd9cb469fa1657086772895000000037f86a477bfb34aec545bf225073c7a181377e81721e782f2cb398a5d1854bbe9b0517b6b19a963180c3920374179531294',
  '0104010f8fad5bd9cb469fa16570867728950000000390c52690cbe19a56a2451554b79afab7c8792c5f3f12bdcbaae7d358ea5c7b9bc2f062c457',
].map((hex) => Buffer.from(hex, 'hex'));

/** PKCS #8 of RSA-2048. */
export const rsaKey = Buffer.from(
  [
    'MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQC9jiXR98PhupaJ/2TSzwFLPPSsc/YRlq8GRJshAxGMT0vOAuDHl1lJfEvJ',
    'e8ZAb/Ep2pm7sNboJ/IYbtnwPBu52ZpxAFes1PyZ8MOQqC45454yoYIyaqp+dyLSTvTCTI3oYLF5d8wukeVZ8KKWEU6uUYL/ASXVZV3mZ0wr',
    'kpmQdC9rSE2A8F7m4U00iMohZjL25agHSzvvmsIIlGSJSdTuGxTd8fx2e4DkApr+y90gnqKLp9oqXKVZBUE9nlb8ZOf07j9oxKlWxYM6xB/O',
    '8xERnAYK2UoHvY6Iu2msmhtgbRCiwEhrSxpF7ncdMgPTYv7s4AOb/RcyxLFqZmQeFtdxAgMBAAECggEAQoW5yRuaD0RTo19RK1hBXH2qYkEZ',
    '6KdIijsWc/nnNSX49PX2m6UGTS9FS5LYCvIeIPGaBQ/1A6lNIXz5mAEIO+tdc23K1xkyAvZHM6OKAX/bm2opzna3mcVGn6bc57lFDfmtHvNH',
    'YUqLQkqcTG0Lf0qU3dgxxleaIgs7ZIlAwjwhIJZ6fnHpZCKDzmLz+AR6HpIkpjP3Dhm5Ud+9BVUzWl16OA0Om8VmfeQd0jtuoS+oS6HmJ/b4',
    'ioDLX9yDM7diNAqM0F8B3KywmeNKAemITJfj9G8acJ8I2Xq04ed5KI8KXSKwLJnK7E0qRQ0zzv2bnXQj5NotfjR5YpDAeLbppwKBgQDqtZja',
    'ln7w7s3gZ/vtl9SsUuhpqflXXqj87MbCFgIoWfU2/ao86tiZYwLEI8lMDSZGxBW5TlfDxE0OlgyLa4BYIXD/iAzRXwXjMvSqtwLtrRe85FmV',
    'dENsP+n5qn6dvVgkldQigLRCNy8nvS0knB+o+W8t1BQ3/syWTro3dR0uawKBgQDOv/xRAc1GsxKB4x7QZ7+d1h0CE7Hb0RZfw0CkucpUWzGy',
    'mvMkZZjfZcRX7EbFfqITlTDy4r2W0QQnrCPRXM5NJg3Fl2y0Eb5gGy3Robf7TG2HTliVG27acmhCfmCfaagGpTCFOaJUoCKd/oO9rrwuKeUO',
    'x/swa1bN//jriOuQkwKBgQCU1S7mfcRlV6kpggbY9Qyhcbl7N5OreZVDPYoUDQy1NcYvZs+K7YkISya35dGB7ly1RyZXaXxx4YrTkwbFahfq',
    'ytnyz/0Az3bWSbuofYDX4olI+Kxt/1m5zRW7ggfkUusP2Aq7Dk5AJuo6EtYLfwz8g5+iufdQQrzNG4MuI4+rnQKBgQDCK0IfHg8Yn+L4w0HU',
    'PiuSY1z472AxbmuR4kDas3YWxVKmR6mj/BqXa+77F/bbUfOLaqj+4v1lH8XEMIGvBXbms59pe63ma2ecwMnGQBgW1Y9j7Kt61bnFRH8wO5oo',
    '/MSGASvRYvBWg9IfCcHWKb2nqUbrG9uHfLeYXhb7tapuKwKBgQDbC8gix1zWFlAvsBS6uLvkVT8ZyPtBlfWSIoViTWPFS/4yDEwjaJ9CG/bE',
    'AxaoYaUamU/fylc35yr9EwzMksVPHelqQNtSRFGTx71ZGIfmovhu1G0hlqqFZyaoHrKscyzWjeZFXMfmnamQUKAxyu069IokZWOj+wnRadeV',
    'Z9+tSA==',
  ].join(''),
  'base64',
);

/** PKCS #8 of ECDSA P-256. */
export const ecKey = Buffer.from(
  [
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgN11lV7ObcUkRpnsG9LvRG0U/oPhlH2W2e2MUIhVGgAGhRANCAAQrHISPv6Kc',
    'EL3g/QKwi5kg5dXe74lAD35sFf6Z+efuELnWsTTXlAq3ZsAB7xBlK1idMaZhCik0VMAzaSrFj3gw',
  ].join(''),
  'base64',
);

/** PKCS #8 of the types that are made of a seed. */
export const seedKeys = {
  ed25519: Buffer.from(`302e020100300506032b657004220420${'11'.repeat(32)}`, 'hex'),
  x25519: Buffer.from(`302e020100300506032b656e04220420${'05'.repeat(32)}`, 'hex'),
  mlDsa44: Buffer.from(`3034020100300b060960864801650304031104228020${'22'.repeat(32)}`, 'hex'),
  mlKem768: Buffer.from(`3054020100300b060960864801650304040204428040${'33'.repeat(64)}`, 'hex'),
};

/** Of "message", by `ecKey` with SHA-256, in DER. */
export const ecdsaSignature = Buffer.from(
  [
    '3045022100f8e789ce4d6729bdd9439c8cea371d623e9880178aa5902ed161477159c3a5cd0220730f952482eb9b4f963165eb4c4164',
    'b399b403d0fe8bafec7fee68660b3646b1',
  ].join(''),
  'hex',
);

/** Of "message", by `rsaKey` with SHA-256. */
export const pssSignature = Buffer.from(
  [
    '04453861055f1106b44c5b9b129d41e40f2516b062d04182dc429a48a729b7dfb6bb0dc52565cf65bcee461968e39946009989c869b6',
    'f366349aafc146b43758066d976a56b06d9f59ac7c217bafca62e6d3022e2de2636dcfc4652a3d767314efaa7160a6b0ac109ecfca05',
    '38f596b4d09bfe231afdc4f6eec642fbf22c4bea5afc84559d791d499fadb241275d8de6c221b489f9beec9ba86eeb3a964ba538bd1e',
    'b15e92c2d177ba828edaf172eef596741ccb0ea844647c6c028b2027e513c8ebcb9de058b61585140560fff633d78c3b50fcb8a5fa82',
    'b7d686d5cca2b8b509c8f42c313d718f59413c823d85bc6b52e95fd268beb33b14e0b6c188b4f0e4',
  ].join(''),
  'hex',
);

/** `wrappedBytes`, wrapped to `rsaKey` on its way to another key store. */
export const transported = Buffer.from(
  [
    '4212767bbeff629185527c8cedd1e05d7291912145484d4969c7939e6dc459e12c31e73f5b795256eef3247b317a58854be729add1dc',
    '8551289e13e09c7e96714c328a84aa48d59615e637d78f9db81d2aa0a9745d644565dc64bd481fbdf2cbe85cc8ac7aa061f7167c08eb',
    'a99d68e728964d066d5f7f00d26e00c740932536a12e1e02ecc59aca7bd113a76c0de5f68b8eb86bb49ec097bcd9c3653e52d4b364bd',
    'a48e8f27b016d7bf1f40e039474e47605d6c9ef4f8f571248dff800a84d80f9a43e684dac4bfb386ece12d5245b8bd416db343c96c69',
    '8d8395b3e05bce3df225af18902b0d5159c0e6c22ad227264b986524c8445466a9987f9dc32338467b06d905b2923754d95ea87606da',
    '9356c9bc52222e593c0a56c6502f756c88b9f5a6242c04726208',
  ].join(''),
  'hex',
);

/** `wrappedBytes` by HPKE to the X25519 key, info and aad "fuzz". */
export const sealed = Buffer.from(
  [
    'aca2e03d2f813f7e3a311a484891c96f95a6e47807d0d3728d25ef7d78131400d8ba19f4cdb0ed3e5d9ee810a1ca7276c6611a686aec',
    'd8ea412d6fc23b276d3ff98645e62ed0f26bc0170a014f562947',
  ].join(''),
  'hex',
);

/** `wrappedBytes` as the plug-in of KMS v2 closes them for the key_id `gabion:c:1:k:1`. */
export const seedCiphertext = Buffer.from(
  [
    '01c386f63b99f407a8d5acee68cf5f171fe73cbfcafc1dd489b04b38df19e4df1c0e85ccb27753e862be8b47c750c7e7cb3bb6f531e8',
    '42b87340003376',
  ].join(''),
  'hex',
);

/** The two shares of `wrappedBytes`. */
export const shares = [
  '40b8ca1363e98ccea2d33bf48b85603bd531177906a56863dc175903873cd1da2c',
  'fd502d1057876259491375cd319770755da7644eb21a9857a864c3dbad2629e611',
].map((hex) => Buffer.from(hex, 'hex'));

/** A certificate of "CN=fuzz". */
export const clientCertificate = pem(
  'CERTIFICATE',
  [
    'MIIBNDCB56ADAgECAhQBXcBc5hwNDcFyReWlieztTm3bfjAFBgMrZXAwDzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMjkwODIyNDFaGA8yMTI2',
    'MTEwNTA4MjI0MVowDzENMAsGA1UEAwwEZnV6ejAqMAUGAytlcAMhADFW1kBwtA8P+3nMUCWjk5pDAAOxrbHdn+k5MnY4h+Too1MwUTAdBgNV',
    'HQ4EFgQUseHNznjGc3s5F2CmX70FP7KBkwwwHwYDVR0jBBgwFoAUseHNznjGc3s5F2CmX70FP7KBkwwwDwYDVR0TAQH/BAUwAwEB/zAFBgMr',
    'ZXADQQAcrcJQKgsmX0S6DGwgpdiLCh/SqZIWV7cxiW1JHpaDWnVRzVA2XY5iE/4rE1tvpnZKSDdsOG1XgSJFquFn6doK',
  ].join(''),
);

/** Its key. */
export const clientKey = pem(
  'PRIVATE KEY',
  ['MC4CAQAwBQYDK2VwBCIEIOrS2wXl2ERWRYS6/cEBnmzCfoLwkyqV8hfkkH8xapY3'].join(''),
);

function pem(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64.replace(/(.{64})/g, '$1\n').trimEnd()}\n-----END ${label}-----\n`;
}
