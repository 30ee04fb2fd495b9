import { text } from '@key-connector/common';
import { z } from 'zod';

/** `tls__*`: whom the service trusts when it calls others. */
export const tlsSettingsSchema = z.strictObject({
  extraCaPath: text(
    'PEM file, or folder of `.crt` and `.pem` files, with certificate authorities that are trusted beside the well-known ones, for the identity server and the database. Where it is not given, `/etc/bitwarden/ca-certificates` is read if it is there.',
  ).optional(),
});
