/*
 * How a data key is given up, while members' keys are written, statements come late, other programs write to the
 * tables, the operator's command is killed, a second operator takes the drop back, and a failover loses the last
 * commit. README.md tells it in words.
 *
 * Guards that can be left out, to see that the claims depend on them:
 *   -DNO_RECOUNT          nothing is counted behind the version that says dropped
 *   -DFINISH_BLIND        … it is, but not once more in the transaction that deletes
 *   -DTWO_COUNTS          members' keys and their history are counted one behind the other, not in one snapshot
 *   -DBY_COLUMN           what needs the data key is counted by the column, not by the value's header
 *   -DNO_FOREIGN_KEY      the database does not refuse to delete what a row needs
 *   -DNO_CONSTRAINT       the database lets classic software write on
 *   -DFINISH_NO_VERSION   the transaction that deletes does not insert a version of its own
 */

#define OLD 1                    /* the data key that is dropped */
#define NEW 2

/* One member's row, and the member's history: what needs OLD there. */
#define NOTHING 0
#define NAMED   1                /* needs OLD, and its column says so */
#define UNNAMED 2                /* needs OLD by its header alone: a classic value, or a column that was emptied */

byte user = NAMED;
byte history = NOTHING;

mtype = { open, dropped };
mtype state = open;              /* what the highest version of the manifest says of OLD */
byte version = 1;
bool there = true;               /* OLD and its wrappings are in the database */
bool constraint = false;         /* classic values are refused */

/* A write that was sealed under OLD, before a rotation whose command was killed before its wait. */
byte late = 0;                   /* 1: on its way; past the fence and the clock, its commit not to be seen yet */
bool waited = false;             /* since the version that says dropped */

/* Before the last commit, for the failover that loses it. */
byte user0, history0, version0;
mtype state0;
bool there0, constraint0;

/*
 * Claim 1: what needs the data key can be opened.
 * Claim 2: a data key that the manifest says is open, is there: else no start would be possible.
 */
#define CLAIMS (there || (user == NOTHING && history == NOTHING && late != 1)) && (there || state != open)

inline begin() {
  user0 = user; history0 = history; version0 = version; state0 = state; there0 = there; constraint0 = constraint
}

inline sign(s) {
  version++; state = s
}

/* A different key replaces the member's, which goes into the history as it is. */
inline replace(by) {
  history = (user > history -> user : history);
  user = by
}

proctype Late() {
  if
  :: atomic { !waited && there -> late = 1 }
    atomic {
      if
      :: late == 1 -> begin(); replace(NAMED); late = 2; assert(CLAIMS)
      :: else
      fi
    }
  :: true
  fi
}

proctype Put() {
  if
  :: atomic { begin(); replace(NOTHING); assert(CLAIMS) }
  :: true
  fi
}

proctype Classic() {
  if
#ifdef NO_CONSTRAINT
  :: atomic { begin(); user = UNNAMED; assert(CLAIMS) }
#else
  :: atomic { !constraint -> begin(); user = UNNAMED; assert(CLAIMS) }
#endif
  :: true
  fi
}

proctype OtherProgram() {
  if
  :: atomic { user == NAMED -> begin(); user = UNNAMED }
  :: atomic { history == NAMED -> begin(); history = UNNAMED }
  :: true
  fi
}

proctype Failover() {
  if
  :: atomic { version0 != 0 ->
      user = user0; history = history0; version = version0; state = state0; there = there0; constraint = constraint0;
      late = (late == 1 -> 2 : late);
      assert(CLAIMS)
    }
  :: true
  fi
}

/*
 * Takes the drop back, at any time until it is finished: reads in a transaction whose version collides with another's,
 * or not.
 */
proctype Undo() {
  byte read;
  if
  :: atomic { state == dropped && there -> read = version }
    atomic {
      if
      :: version == read -> begin(); sign(open); assert(CLAIMS)
      :: else
      fi
    }
  :: true
  fi
}

#ifdef BY_COLUMN
#define NEEDS(r) (r == NAMED)
#else
#define NEEDS(r) (r != NOTHING)
#endif

#ifdef TWO_COUNTS
#define COUNT_HISTORY needed = NEEDS(history)
#define COUNT needed = needed || NEEDS(user)
#else
#define COUNT_HISTORY skip
#define COUNT needed = NEEDS(history) || NEEDS(user)
#endif

#ifdef NO_FOREIGN_KEY
#define REFUSED false
#else
#define REFUSED (user == NAMED || history == NAMED || late == 1)
#endif

proctype Drop() {
  byte read;
  bool needed, killed = false;
resume:
  atomic {
    needed = false; read = version;
    if
    :: !there -> goto done
    :: there && state == dropped -> goto wait
    :: else
    fi
  }
  /* The layout's upgrade came first; a failover may have taken back that, too. */
  atomic {
    if
    :: !constraint && user != UNNAMED -> begin(); constraint = true
    :: else
    fi
  }
  COUNT_HISTORY;
  atomic { COUNT; if :: needed -> goto reencrypt :: else fi }
  atomic {
    if
    :: constraint && version == read -> begin(); sign(dropped); read = version; assert(CLAIMS)
    :: else -> goto reencrypt
    fi
  }
  if
  :: atomic { !killed -> killed = true; goto resume }
  :: true
  fi;
wait:
  waited = true;
#ifndef NO_RECOUNT
  COUNT_HISTORY;
  atomic {
    COUNT;
    if
    :: needed && version == read -> begin(); sign(open); assert(CLAIMS); goto reencrypt
    :: needed && version != read -> goto resume
    :: else
    fi
  }
#endif
  if
  :: atomic { !killed -> killed = true; goto resume }
  :: true                        /* finished by name, days later */
  fi;
#if !defined(NO_RECOUNT) && !defined(FINISH_BLIND)
  COUNT_HISTORY;
#endif
  atomic {
#if !defined(NO_RECOUNT) && !defined(FINISH_BLIND)
    COUNT;
#endif
    if
    :: needed || REFUSED -> goto resume
#ifdef FINISH_NO_VERSION
    :: else -> begin(); there = false; assert(CLAIMS)
#else
    :: !needed && !REFUSED && version != read -> goto resume
    :: else -> begin(); there = false; sign(dropped); assert(CLAIMS)
#endif
    fi
  }
  goto done;
reencrypt:
  /* Each row by compare-and-swap, which ring-reencrypt.pml is about. */
  atomic { begin(); user = NOTHING }
  atomic { begin(); history = NOTHING }
  goto resume;
done:
  skip
}

init {
  atomic {
    run Drop(); run Undo(); run Late(); run Put(); run Classic(); run OtherProgram(); run Failover()
  }
}
