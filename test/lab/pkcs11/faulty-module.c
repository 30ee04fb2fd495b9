/*
 * A PKCS#11 module that stands before a real one and does what a file tells it: fail, hang, crash, or take from the real
 * module what it needs. Each watched call is written to a log.
 *
 * FAULTY_MODULE  the real module
 * FAULTY_LOG     a file that gets one line a call
 * FAULTY_ORDER   a file with one order, "<call> <what> [code] [once]"; none: everything goes through
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11.h"

static CK_FUNCTION_LIST_PTR real;
static CK_FUNCTION_LIST list;

/* Answers of obey() that are no codes of PKCS#11. */
enum { hide = 1000001, hide_from_private_keys = 1000002 };

static void close_all_sessions(CK_SESSION_HANDLE session)
{
  CK_SESSION_INFO info;
  if (real->C_GetSessionInfo(session, &info) == CKR_OK) real->C_CloseAllSessions(info.slotID);
}

/* Carries the order out where it is for this call; CKR_OK: go on with the real module. */
static CK_RV obey(const char *call, CK_SESSION_HANDLE session)
{
  char wanted[32] = "", what[32] = "", last[8] = "";
  unsigned long code = 0;
  FILE *log = fopen(getenv("FAULTY_LOG"), "a");
  if (log != NULL) {
    fprintf(log, "%s\n", call);
    fclose(log);
  }
  FILE *order = fopen(getenv("FAULTY_ORDER"), "r");
  if (order == NULL) return CKR_OK;
  int fields = fscanf(order, "%31s %31s %lu %7s", wanted, what, &code, last);
  fclose(order);
  if (fields < 2 || strcmp(wanted, call) != 0) return CKR_OK;
  if (strcmp(last, "once") == 0) unlink(getenv("FAULTY_ORDER"));

  if (strcmp(what, "fail") == 0 || strcmp(what, "flags") == 0) return code;
  if (strcmp(what, "hide") == 0) return hide;
  if (strcmp(what, "hide-from-private-keys") == 0) return hide_from_private_keys;
  if (strcmp(what, "crash") == 0) raise(SIGSEGV);
  if (strcmp(what, "hang") == 0)
    for (;;) pause();
  if (strcmp(what, "close-sessions") == 0) close_all_sessions(session);
  if (strcmp(what, "log-out") == 0) real->C_Logout(session);
  if (strcmp(what, "finalize") == 0) real->C_Finalize(NULL);
  return CKR_OK;
}

static CK_RV initialize(CK_VOID_PTR arguments)
{
  CK_RV rv = obey("C_Initialize", 0);
  return rv == CKR_OK ? real->C_Initialize(arguments) : rv;
}

/* "C_GetTokenInfo flags <flags>": the token shows these flags too. */
static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
  CK_FLAGS flags = obey("C_GetTokenInfo", 0);
  CK_RV rv = real->C_GetTokenInfo(slot, info);
  info->flags |= flags;
  return rv;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR data, CK_NOTIFY notify, CK_SESSION_HANDLE_PTR out)
{
  CK_RV rv = obey("C_OpenSession", 0);
  return rv == CKR_OK ? real->C_OpenSession(slot, flags, data, notify, out) : rv;
}

static CK_OBJECT_CLASS class_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
  CK_OBJECT_CLASS class = 0;
  CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof class};
  real->C_GetAttributeValue(session, object, &attribute, 1);
  return class;
}

/*
 * "C_GetAttributeValue hide-from-private-keys": private keys show no modulus, which a token is free to do;
 * "C_GetAttributeValue hide": public keys do not either.
 */
static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
  CK_RV order = obey("C_GetAttributeValue", session);
  int hidden = order == hide || (order == hide_from_private_keys && class_of(session, object) == CKO_PRIVATE_KEY);
  if (hidden && count == 1 && template->type == CKA_MODULUS) return CKR_ATTRIBUTE_TYPE_INVALID;
  return real->C_GetAttributeValue(session, object, template, count);
}

static CK_RV log_in(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG length)
{
  CK_RV rv = obey("C_Login", session);
  return rv == CKR_OK ? real->C_Login(session, user, pin, length) : rv;
}

static CK_RV decrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_length, CK_BYTE_PTR out, CK_ULONG_PTR out_length)
{
  CK_RV rv = obey("C_Decrypt", session);
  return rv == CKR_OK ? real->C_Decrypt(session, in, in_length, out, out_length) : rv;
}

static CK_RV finalize(CK_VOID_PTR reserved)
{
  CK_RV rv = obey("C_Finalize", 0);
  return rv == CKR_OK ? real->C_Finalize(reserved) : rv;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR out)
{
  void *module = dlopen(getenv("FAULTY_MODULE"), RTLD_NOW);
  if (module == NULL) return CKR_GENERAL_ERROR;
  CK_C_GetFunctionList get = (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
  if (get == NULL || get(&real) != CKR_OK) return CKR_GENERAL_ERROR;
  list = *real;
  list.C_Initialize = initialize;
  list.C_GetTokenInfo = get_token_info;
  list.C_OpenSession = open_session;
  list.C_GetAttributeValue = get_attribute_value;
  list.C_Login = log_in;
  list.C_Decrypt = decrypt;
  list.C_Finalize = finalize;
  *out = &list;
  return CKR_OK;
}
