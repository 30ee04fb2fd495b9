/*
 * How an empty database gets its one data key, while replicas start at once, are killed at any moment, and on some
 * servers have no lock. README.md tells it in words. Spin tries every order of the steps below.
 *
 *   -DNO_LOCK    the database has no lock to give: the primary key alone decides
 *
 * Guards that can be left out, to see that the claim depends on them:
 *   -DOVERWRITE  a data key that is there is replaced by the next one
 *   -DKEEP_OWN   whoever lost the race serves with the data key that it made
 */

#define REPLICAS 3

byte stored = 0;                 /* whose data key the database holds; 0: there is none */
byte lockedBy = 0;               /* 0: nobody */
byte uses[REPLICAS + 1];         /* whose data key a replica seals with; 0: none yet */
bool killed[REPLICAS + 1];
byte sealedUnder = 0;            /* whose data key members' rows need; 0: there are no rows */

#ifdef KEEP_OWN
#define KEPT true
#else
#define KEPT false
#endif

#ifdef NO_LOCK
#define TAKE(r) skip
#define RELEASE(r) skip
#else
#define TAKE(r) atomic { lockedBy == 0 -> lockedBy = r }
#define RELEASE(r) lockedBy = 0
#endif

/* One start; `killed` can follow every step. */
proctype Replica(byte r) {
  bool made = false;
  {
    if
    :: stored != 0 -> goto load
    :: stored == 0 -> skip
    fi;
    TAKE(r);
    if
    :: stored != 0 -> RELEASE(r); goto load
    :: stored == 0 -> made = true      /* wrapped by the provider, opened again and compared: that takes its time */
    fi;
    /* One transaction: the data key and its wrapping, under a primary key. */
#ifdef OVERWRITE
    stored = r;
#else
    atomic {
      if
      :: stored == 0 -> stored = r
      :: else -> made = KEPT
      fi
    };
#endif
    RELEASE(r);
load:
    atomic {
      if
      :: made -> uses[r] = r
      :: else -> uses[r] = stored
      fi
    };
    /* From here it seals members' keys. Claim: all of them need one data key, and that is the one in the database. */
    atomic {
      assert(uses[r] == stored);
      assert(sealedUnder == 0 || sealedUnder == uses[r]);
      sealedUnder = uses[r]
    };
    assert(sealedUnder == stored)
  } unless {
    atomic { killed[r] -> lockedBy = (lockedBy == r -> 0 : lockedBy) }
  }
}

active proctype Killer() {
  byte r = 1;
  do
  :: r <= REPLICAS ->
    if
    :: killed[r] = true
    :: skip
    fi;
    r++
  :: else -> break
  od
}

init {
  byte r = 1;
  atomic {
    do
    :: r <= REPLICAS -> run Replica(r); r++
    :: else -> break
    od
  }
}
