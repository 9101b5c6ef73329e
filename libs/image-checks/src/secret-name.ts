/** Whether a variable is called like a secret; its value is not looked at. */
export function isSecretName(name: string): boolean {
  return pattern.test(name) && !harmless.test(name);
}

const pattern =
  /(?:^|_)(?:PASSWORD|PASSWD|PWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?|AUTH)(?:_|$)|(?:PASSWORD|SECRET|TOKEN|APIKEY)$/i;

// `…_FILE` and `…_PATH` name a place, and the shell's own PWD and OLDPWD a directory.
const harmless =
  /(?:_FILE|_PATH|_DIR|_URL|_NAME|_USER|_ALGORITHM|_TTL|_EXPIRY|_LENGTH|_TYPE|_ID)$|^(?:OLD)?PWD$|^(?:GPG|PGP)_|PUBLIC/i;
