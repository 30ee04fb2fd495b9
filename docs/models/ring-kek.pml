/*
 * How the key-encryption key is moved from A to B and a recovery key R is added, while a data key is rotated, a new
 * key's provider wraps badly, somebody damages a wrapping, and a failover loses the last commit. README.md tells it in
 * words.
 *
 * Guards that can be left out, to see that the claims depend on them:
 *   -DUNDER_OWN       a new data key is wrapped under the key only that the command runs with
 *   -DSTALE           a command's version does not collide with one that was signed since it read
 *   -DNUMBER_ONLY     … it collides with the same number, but does not look at the signature of the version below
 *   -DAPART           the version and the wrappings that it needs are two transactions
 *   -DNOT_OPENED      what a provider has wrapped is not opened again
 *   -DREMOVE_BLIND    a key is removed without opening everything with one that stays
 *   -DCLASSIC_LEFT    … and the classic software's row stays under it
 */

#define A 0
#define B 1
#define R 2
#define KEKS 3

#define IDENTITY 0
#define SECRETS  3              /* the identity, the first data key, and the one that a rotation makes */

#define NONE 0
#define GOOD 1
#define BAD  2                  /* does not open, or to something else */

/* The manifest. */
bool listed[KEKS];
bool named[SECRETS];
byte version = 1;
byte document = 1;              /* that version's content and signature */
byte made = 1;                  /* the last document that was ever signed */
/* The tables. */
byte wrapping[9];               /* of secret s under key k: AT(s, k) */
byte classic = A;               /* the key that the one row of the classic software is wrapped under */
#define AT(s, k) wrapping[(s) * KEKS + (k)]

bool damaged = false;
byte damage;                    /* which wrapping */
bool removing = false;          /* between a removal's opening and its commit nobody damages anything */

/* Before the last commit, for the failover that loses it; recovery keys and damage are not lost. */
bool listed0[KEKS];
bool named0[SECRETS];
byte version0 = 0, document0;
byte wrapping0[9];
byte classic0;

byte i;
bool ok;

inline begin() {
  version0 = version; document0 = document; classic0 = classic;
  i = 0; do :: i < KEKS -> listed0[i] = listed[i]; named0[i] = named[i]; i++ :: else -> break od;
  i = 0; do :: i < 9 -> wrapping0[i] = wrapping[i]; i++ :: else -> i = 0; break od
}

inline sign() {
  begin();
  version++; made++; document = made
}

#define OPENS(s, k) (AT(s, k) == GOOD)
#define UNTOUCHED(s, k) (!damaged || damage != (s) * KEKS + (k))
#define FINE(s, k) (!named[s] || !listed[k] || OPENS(s, k) || !UNTOUCHED(s, k))

inline claims() {
  /* Claim 1: a start is possible with any listed key, and so is a recovery, but for what was damaged from outside. */
  assert(FINE(0, A) && FINE(1, A) && FINE(2, A));
  assert(FINE(0, B) && FINE(1, B) && FINE(2, B));
  assert(FINE(0, R) && FINE(1, R) && FINE(2, R));
  /* Claim 2: one of the listed keys is the service's. */
  assert(listed[A] || listed[B]);
  /* Claim 3: the classic software's row opens with one of them. */
  assert(listed[classic])
}

/* What a command has read of the manifest's highest version, and whether it is still that. */
#ifdef NUMBER_ONLY
#define HIGHEST version
#else
#define HIGHEST document
#endif
#ifdef STALE
#define NEWEST(v) true
#else
#define NEWEST(v) (HIGHEST == v)
#endif

#ifdef UNDER_OWN
#define LISTED(k) false
#else
#define LISTED(k) listed[k]
#endif

/* Runs with A. */
proctype Rotate() {
  byte read;
  bool under[KEKS];
  atomic { read = HIGHEST; under[A] = listed[A]; under[B] = LISTED(B); under[R] = LISTED(R) }
  atomic {
    if
    :: NEWEST(read) && under[A] ->
      sign(); named[2] = true;
#ifdef APART
      claims();                   /* what everybody else sees, and what is left of a command that is killed here */
#endif
      AT(2, A) = GOOD;
      AT(2, B) = (under[B] -> GOOD : AT(2, B));
      AT(2, R) = (under[R] -> GOOD : AT(2, R));
      claims()
    :: else
    fi;
    under[A] = false; under[B] = false; under[R] = false; read = 0
  }
}

#ifdef NOT_OPENED
#define SEEN_GOOD(w) true
#else
#define SEEN_GOOD(w) (w == GOOD)
#endif

/*
 * Wraps everything under one more key. A provider's key is new to everybody; a recovery key is wrapped under by
 * ourselves.
 */
proctype Add(byte k) {
  byte read, result = GOOD;
  bool of2;
  atomic { read = HIGHEST; of2 = named[2] }
  if
  :: k != R -> result = BAD
  :: true
  fi;
  atomic {
    if
    :: SEEN_GOOD(result) && NEWEST(read) ->
      sign(); listed[k] = true;
      AT(0, k) = result; AT(1, k) = result; AT(2, k) = (of2 -> result : NONE);
      claims()
    :: else
    fi
  }
}

/* Runs with B, when every replica does. */
proctype RemoveA() {
  byte read;
  bool opens;
end:
  listed[B];
  atomic {
    read = HIGHEST;
#ifdef REMOVE_BLIND
    opens = true;
#else
    opens = OPENS(0, B) && OPENS(1, B) && (!named[2] || OPENS(2, B));
#endif
    removing = true
  }
  atomic {
    if
    :: opens && NEWEST(read) ->
      sign(); listed[A] = false;
      AT(0, A) = NONE; AT(1, A) = NONE; AT(2, A) = NONE;
#ifndef CLASSIC_LEFT
      classic = B;
#endif
      claims();
      /* Claim 4: a removal leaves everything openable, whatever was damaged before it. */
      assert(OPENS(0, B) || OPENS(0, R));
      assert(OPENS(1, B) || OPENS(1, R));
      assert(!named[2] || OPENS(2, B) || OPENS(2, R))
    :: else
    fi;
    removing = false
  }
}

proctype Damage() {
  byte w;
  select(w : 0 .. 8);
end:
  atomic { !removing && wrapping[w] == GOOD -> wrapping[w] = BAD; damage = w; damaged = true; w = 0 }
}

proctype Failover() {
  if
  :: atomic { version0 != 0 && !damaged ->
      version = version0; document = document0; classic = classic0;
      i = 0; do :: i < KEKS -> listed[i] = listed0[i]; named[i] = named0[i]; i++ :: else -> break od;
      i = 0; do :: i < 9 -> wrapping[i] = wrapping0[i]; i++ :: else -> i = 0; break od;
      claims()
    }
  :: true
  fi
}

init {
  atomic {
    listed[A] = true; named[IDENTITY] = true; named[1] = true;
    AT(0, A) = GOOD; AT(1, A) = GOOD;
    run Rotate(); run Add(B); run Add(R); run RemoveA(); run Damage(); run Failover()
  }
}
