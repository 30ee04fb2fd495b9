/*
 * Which version of the manifest a replica holds and writes under, while operators sign, replicas restart, a failover
 * takes the last commit back, and an attacker puts what he likes into the table. README.md tells it in words.
 *
 *   -DCOMES_BACK      a replica whose version is gone goes on when it is there again, as with a node that lags
 *
 * Guards that can be left out, to see that the claims depend on them:
 *   -DNO_NEXT         a replica takes any row above its own that the ring has signed, not the next version only
 *   -DNO_PREVIOUS     neither the previous version's hash nor the checks of data keys are compared
 *   -DNO_SIGNATURE    the fence names its version by number, not by signature too
 *   -DFALL_BACK       a replica whose version is no longer there takes the highest that is
 *   -DPASS_GAPS       what the ring has signed, and cannot be reached from here, is passed over like garbage
 *   -DBLIND_INSERT    a command does not look whether the version that it builds on is still there
 *   -DDELETE_ABOVE    a command deletes whatever stands above the version that it read
 */

#define VERSIONS 3
#define NONE     0
#define FOREIGN  1            /* of another identity, or garbage: right in all but the signature, at any version */
#define FIRST    2            /* version 1 of the ring; what operators sign is 3 … */
#define DOCUMENTS 6

byte row[VERSIONS + 2];            /* the document at each version; the last one stays empty */
byte version[DOCUMENTS];           /* what each document says */
byte previous[DOCUMENTS];
byte secret[DOCUMENTS];            /* of the data key that it says is active: who made it */
byte made = FIRST;                 /* the last document that was signed */

/* What the last commit changed, for the failover that loses it. */
byte lastVersion = 0;
byte lastRow;

bool attacked = false;             /* whether the attacker has written at all */

byte held = FIRST;                 /* the replica's document; NONE: writes nothing until it is started again */
byte except[VERSIONS + 1];         /* what it passed over at each version */
byte opened = 0;                   /* the secret in its memory of the data key that version 2 brought */
byte highest = 1;                  /* the highest version that it has held since its start */

inline commit(v, d) {
  lastVersion = v; lastRow = row[v]; row[v] = d
}

#define OF_RING(v) (row[v] >= FIRST && version[row[v]] == v)

/* Reads the manifest as it is, checks the chain, signs the next version. Two of them may do so at once. */
proctype Operator() {
  byte base, found;
  atomic {
    base = row[1];
    if
    :: OF_RING(2) && previous[row[2]] == base -> base = row[2]
    :: else
    fi;
    found = row[version[base] + 1];
  }
  atomic {
    if
#ifndef BLIND_INSERT
    :: row[version[base]] != base -> skip                /* its base is gone: it is told, and begins anew */
#endif
#ifndef DELETE_ABOVE
    :: row[version[base] + 1] != NONE && (row[version[base] + 1] != found || (OF_RING(version[base] + 1))) -> skip
#endif
    :: else ->
      /* Claim 5: no command takes away what another one has signed. */
      assert(!OF_RING(version[base] + 1));
      made++;
      version[made] = version[base] + 1;
      previous[made] = base;
      secret[made] = (version[base] == 1 -> made : secret[base]);
      commit(version[made], made)
    fi;
    base = 0; found = 0
  }
}

/* Writes to the table twice: a foreign row, a genuine one at any number, or nothing where one was. */
proctype Attacker() {
  byte v, d, n = 0;
  do
  :: n < 2 ->
    atomic {
      n++;
      select(v : 2 .. VERSIONS);
      if
      :: d = NONE
      :: d = FOREIGN
      :: d = FIRST
      :: made > FIRST -> d = FIRST + 1
      :: made > FIRST + 1 -> d = FIRST + 2
      fi;
      commit(v, d);
      attacked = true;
      v = 0; d = 0
    }
  :: n > 0 -> break
  od
}

proctype Failover() {
  if
  :: atomic { lastVersion != 0 -> row[lastVersion] = lastRow; lastVersion = 0; lastRow = 0 }
  :: true
  fi
}

inline take(d) {
  if
  :: version[held] < 2 && version[d] >= 2 -> opened = secret[d]     /* a secret in memory is never exchanged */
  :: else
  fi;
  held = d
}

/* The highest that the ring has signed, whatever was held before. */
inline start() {
  held = FIRST; opened = 0; v = 2;
  do
  :: v <= VERSIONS ->
    except[v] = NONE;
    if
    :: OF_RING(v) -> held = row[v]; opened = secret[held]; except[2] = NONE
    :: else -> except[v] = row[v]
    fi;
    v++
  :: else -> v = 0; break
  od;
  highest = version[held]
}

#ifdef NO_NEXT
#define SIGNED(v) (row[v] >= FIRST)
#define NEXT(v) true
#else
#define SIGNED(v) OF_RING(v)
#ifdef NO_PREVIOUS
#define NEXT(v) (v == version[held] + 1)
#else
#define NEXT(v) (v == version[held] + 1 && previous[row[v]] == held)
#endif
#endif

inline look() {
  v = version[held] + 1;
  if
  /* The next version first: a change of identity deletes those before it. */
  :: row[version[held]] != held && !(SIGNED(v) && NEXT(v)) ->
#ifdef FALL_BACK
    byte was = highest;
    start();
    highest = was
#elif defined(COMES_BACK)
    skip
#else
    held = NONE
#endif
  :: else ->
    do
    :: v <= VERSIONS && held != NONE ->
      except[v] = NONE;
      if
      :: SIGNED(v) && NEXT(v) -> take(row[v])
#ifdef PASS_GAPS
      :: SIGNED(v) && !NEXT(v) -> except[v] = row[v]
#else
      :: SIGNED(v) && !NEXT(v) ->
        held = NONE;
        /* Claim 6: what it held is there, so it stops by nobody's doing but an attacker's. */
        assert(attacked)
#endif
      :: else -> except[v] = row[v]
      fi;
      v++
    :: else -> break
    od
  fi;
  highest = (version[held] > highest -> version[held] : highest);
  v = 0
}

/* The fence. */
#ifdef NO_SIGNATURE
#define THERE(d) OF_RING(version[d])
#else
#define THERE(d) (row[version[d]] == d)
#endif
#define CLEAR(v, above, e) (v <= above || row[v] == NONE || row[v] == e)

proctype Replica() {
  byte v, sealed, with, except2, except3;
  bool put = false;
end:
  do
  :: atomic { held != NONE -> look() }
  :: atomic { start() }
  :: atomic { held != NONE && !put ->
      put = true; sealed = held; with = opened; except2 = except[2]; except3 = except[3];
      /* Claim 3: nothing is sealed under an older version than it has held since its start. */
      assert(version[held] >= highest);
      /* Claim 4: it is sealed with the data key that the manifest means. */
      assert(version[held] < 2 || with == secret[held])
    }
  /* The statement arrives, at any time. */
  :: atomic { sealed != NONE ->
      if
      :: THERE(sealed) && CLEAR(2, version[sealed], except2) && CLEAR(3, version[sealed], except3) ->
        /* Claim 1: nothing is written while the ring has a higher version in the table. */
        assert(!(OF_RING(2) && version[sealed] < 2) && !(OF_RING(3) && version[sealed] < 3));
        /* Claim 2: nothing is written under a version whose number stands for something else. */
        assert(row[version[sealed]] == sealed)
      :: else
      fi;
      sealed = NONE; with = 0; except2 = 0; except3 = 0
    }
  od
}

init {
  atomic {
    row[1] = FIRST; version[FIRST] = 1;
    run Operator(); run Operator(); run Operator();
    run Attacker(); run Failover(); run Replica()
  }
}
