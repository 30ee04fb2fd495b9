/*
 * The client reads its own state through a cache that its writes reach late, so now and then it does not find what it
 * has just written to its disk. That says nothing about the service; these are the two forms in which it was seen.
 */

/** During a login, before the first call to the service: nothing has happened yet, so the login may be repeated. */
export const lostItsToken = 'Failed to decode access token: Access token not found';

/** At the end of an enrolment, when both servers have acknowledged: nothing is left to repeat. */
export const lostItsKeys = 'Account cryptographic state is required is null or undefined';
