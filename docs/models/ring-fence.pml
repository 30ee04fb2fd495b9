/*
 * When a command has signed a new version of the manifest and has waited, nothing that was sealed under the older one
 * is written any more: whatever replicas have looked at, and however late a statement arrives. README.md tells it in
 * words.
 *
 * Guards that can be left out, to see that the claim depends on them:
 *   -DNO_FENCE        a statement does not look which version is there
 *   -DNO_WAIT         the command goes on as soon as its version is there
 *   -DLONG_PATIENCE   a replica's statements may take longer than the command waits: a setting of its own
 *   -DBY_NUMBER       the fence's exception names a row that was passed over by its version, not by its signature too
 *   -DTORN_LOOK       what stands above is read behind the look for a successor, and nobody compares the two
 *   -DKEEP_OLD        a rekey leaves the versions of the old identity in the table
 */

#define WAIT     2    /* what a command waits: the longest that any replica's statement may take */
#define HORIZON  4    /* how far time goes */
#ifdef LONG_PATIENCE
#define PATIENCE 3
#else
#define PATIENCE 2
#endif

#define REPLICAS 2    /* number 1 has the fingerprint of a new identity in its settings, number 2 has not */

/* What can stand as version 2. The signature of each differs. */
#define NONE     0
#define GARBAGE  1
#define ROTATED  2    /* of the identity that everybody holds; another data key is active */
#define REKEYED  3    /* of a new identity */

byte now = 0;                    /* the database's clock */
bool first = true;               /* whether version 1 is there */
byte second = NONE;
byte held[REPLICAS + 1] = 1;     /* the version that a replica holds; 0: it is gone, nothing is written */
byte except[REPLICAS + 1] = NONE;  /* what it passed over as version 2 */
bool waited = false;

active proctype Time() {
  do
  :: now < HORIZON -> now++
  :: else -> break
  od
}

active proctype Attacker() {
  if
  :: atomic { second == NONE -> second = GARBAGE }
  :: second != NONE
  fi
}

active proctype Operator() {
  byte since;
  /* What it judged as not authentic, it deletes in the same transaction. */
  atomic {
    if
    :: second = ROTATED
    :: second = REKEYED;
#ifndef KEEP_OLD
      first = false
#endif
    fi;
    since = now
  }
#ifndef NO_WAIT
end:
  now >= since + WAIT;
#endif
  waited = true
}

inline look(r) {
  atomic {
    if
    :: second == ROTATED && held[r] == 1 -> held[r] = ROTATED; except[r] = NONE
    :: second == REKEYED && held[r] == 1 && r == 1 -> held[r] = REKEYED; except[r] = NONE
    :: else ->
      if
      :: held[r] == 1 && !first -> held[r] = 0
#ifdef TORN_LOOK
      :: else -> goto above
#else
      :: else -> except[r] = second
#endif
      fi
    fi
  }
}

#ifdef BY_NUMBER
#define EXCEPTED(e) (e != NONE)
#else
#define EXCEPTED(e) (e == second)
#endif

#ifdef NO_FENCE
#define FENCE(h, e) true
#else
#define FENCE(h, e) (h == 1 -> first && (second == NONE || EXCEPTED(e)) : second == h)
#endif

/* One message on its way: it arrives at any time, waits for locks for any time, and looks at the clock last. */
proctype Statement(byte h; byte e; byte deadline) {
  if
  :: atomic { FENCE(h, e) -> skip }
  :: atomic { !FENCE(h, e) -> goto nothing }
  fi;
  atomic {
    if
    :: now < deadline ->
      /* Claim: nothing sealed under an older manifest is written behind the command's wait. */
      assert(!waited || h != 1)
    :: else
    fi
  }
nothing:
  skip
}

#ifdef TORN_LOOK
#define LOOKS true
#else
#define LOOKS (second != NONE)       /* a look that finds nothing changes nothing */
#endif

proctype Replica(byte r) {
  bool put = false;
  byte told, h, e;
end:
  do
  :: LOOKS && held[r] == 1 -> look(r)
  :: atomic { !put && held[r] != 0 -> put = true; told = now; h = held[r]; e = except[r] }
    /* Sealing takes its time; so may the pause of a whole machine. The claim is about one statement. */
    atomic { run Statement(h, e, told + PATIENCE); told = 0; h = 0; e = 0 }
  od;
#ifdef TORN_LOOK
above:
  except[r] = second;
  goto end
#endif
}

init {
  atomic { run Replica(1); run Replica(2) }
}
