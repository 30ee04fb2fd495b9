/*
 * How one member's key is written, while connections break, statements come late and replicas know nothing of each
 * other. README.md tells it in words. Spin tries every order of the steps below.
 *
 * Guards that can be left out, to see that the claims depend on them:
 *   -DNO_COMPARE    a write does not look whether the row is still what it saw
 *   -DNO_DEADLINE   the server does not look at the clock behind a write
 *   -DOWN_CLOCK     the deadline is sent by the replica's own clock
 */

#ifndef WRITES
#define WRITES   2    /* of other keys, by any replicas: each claim is about two */
#endif
#define PATIENCE 3    /* from the begin of a write to its deadline */
#define HORIZON  6    /* how far time goes */
#define BEHIND   2    /* how far the server's clock is behind the replicas' */

#define SERVER_CLOCK (10 + now - BEHIND)
#define REPLICA_CLOCK(t) (10 + t)

mtype = { idle, working, acknowledged, refused, none, written, changed, late };

byte now = 0;                    /* true time */
byte row = 0;                    /* whose value the member's row holds; 0: the one from before */
byte lockedBy = 0;               /* whose statement has the row's lock; 0: nobody's */
mtype state[WRITES + 1] = idle;
mtype answer[WRITES + 1] = none;
byte end[WRITES + 1];            /* each write's deadline, in true time */

/* Bit w of later[v]: write w began when v had been refused already. */
byte later[WRITES + 1];
bool overtaken[WRITES + 1];      /* a write that began later was acknowledged */

active proctype Time() {
  do
  :: now < HORIZON -> now++
  :: else -> break
  od
}

/* One message on its way, and the server that runs it: nobody waits for it any more, or somebody does. */
proctype Statement(byte w; byte expected; byte deadline) {
  byte found;
  atomic { lockedBy == 0 -> lockedBy = w; found = row }
  /* Between a lock and a commit time passes, as it does before a lock. */
  atomic {
    if
#ifndef NO_COMPARE
    :: found != expected -> answer[w] = changed
#endif
#ifndef NO_DEADLINE
    :: SERVER_CLOCK >= deadline -> answer[w] = late
#endif
    :: else ->
      /* Claim 1: nothing is written behind its deadline. */
      assert(now < end[w]);
      /* Claim 2: a refused write never replaces one that began behind the refusal and was acknowledged. */
      assert(!overtaken[w]);
      row = w;
      answer[w] = written
    fi;
    lockedBy = 0;
    found = 0
  }
}

proctype Write(byte w) {
  byte seen, told, v;
  atomic {
    state[w] = working;
    end[w] = now + PATIENCE
  }
look:
  /* What stands in the row, and the server's clock. */
  atomic { seen = row; told = SERVER_CLOCK }
  /* The answer travels, and time passes. */
  atomic {
    if
    :: now >= end[w] -> goto refuse
    :: else ->
      answer[w] = none;
#ifdef OWN_CLOCK
      run Statement(w, seen, REPLICA_CLOCK(end[w]))
#else
      run Statement(w, seen, told + (end[w] - now))
#endif
      ;seen = 0; told = 0
    fi
  }
  if
  :: atomic { answer[w] == written ->
      state[w] = acknowledged;
      v = 1;
      do
      :: v <= WRITES ->
        if
        :: state[v] == refused && (later[v] & (1 << w)) -> overtaken[v] = true
        :: else
        fi;
        v++
      :: else -> v = 0; break
      od
    }
    goto done
  :: atomic { answer[w] == changed -> answer[w] = none }
    goto look
  :: atomic { answer[w] == late -> answer[w] = none }
    goto look                 /* by its own clock it may have time left */
  :: true -> goto refuse      /* the connection broke, or the deadline was over: at any moment */
  fi;
refuse:
  atomic {
    state[w] = refused;
    v = 1;
    do
    :: v <= WRITES ->
      if
      :: state[v] == idle -> later[w] = later[w] | (1 << v)
      :: else
      fi;
      v++
    :: else -> v = 0; break
    od
  }
done:
  skip
}

init {
  byte w = 1;
  atomic {
    do
    :: w <= WRITES -> run Write(w); w++
    :: else -> break
    od
  }
}
