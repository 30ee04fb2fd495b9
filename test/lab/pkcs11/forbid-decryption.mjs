/**
 * Sets CKA_DECRYPT of a private key to false, which none of the tools can: node forbid-decryption.mjs <module> <pin>
 * <label>.
 */
import pkcs11js from 'pkcs11js';

const [, , library, pin, label] = process.argv;
const module = new pkcs11js.PKCS11();
module.load(library);
module.C_Initialize();
const [slot] = module.C_GetSlotList(true);
const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
module.C_Login(session, pkcs11js.CKU_USER, pin);
module.C_FindObjectsInit(session, [
  { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
  { type: pkcs11js.CKA_LABEL, value: label },
]);
const key = module.C_FindObjects(session);
module.C_FindObjectsFinal(session);
module.C_SetAttributeValue(session, key, [{ type: pkcs11js.CKA_DECRYPT, value: false }]);
module.C_Finalize();
