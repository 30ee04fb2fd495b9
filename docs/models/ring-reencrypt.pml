/*
 * How `reencrypt` and `member restore` change a member's row while the member writes and statements come late.
 * README.md tells it in words; member-write.pml has the deadline, ring-fence.pml the manifest.
 *
 * Guards that can be left out, to see that the claims depend on them:
 *   -DNO_COMPARE      reencrypt does not look whether the row is still what it read
 *   -DOLD_BYTES       a restore puts the replaced value back as it was, and does not seal it anew
 */

#define FIRST  1              /* the member's keys; each sealed value of one is another */
#define SECOND 2
#define THIRD  3

byte key = FIRST;             /* the row: which key, and which sealed value of it */
byte value = 1;
byte sealed = 1;              /* the last value that was made */
byte keptKey = 0;             /* the history: what was replaced last */
byte keptValue = 0;

bool refused = false;         /* the write of SECOND: its client was told that it failed */
bool overtaken = false;       /* a change that began behind that was acknowledged */

inline keep() {
  keptKey = key; keptValue = value
}

/* A statement arrives at any time, and is about the value that was looked at. */
#define AS_SEEN(v) (value == v)

/* The write of SECOND loses its connection; its statement is on its way all the same. */
active proctype Write() {
  byte seen;
  seen = value;
  if
  :: true -> refused = true
  :: true
  fi;
  atomic {
    if
    :: AS_SEEN(seen) ->
      /* Claim 1: what was refused never replaces what was acknowledged behind the refusal. */
      assert(!overtaken);
      keep(); key = SECOND; sealed++; value = sealed
    :: else
    fi
  }
}

/* The member writes THIRD, and an operator brings back what it replaced. */
active proctype Later() {
  byte seen;
  bool begun;
  atomic { begun = refused; seen = value }
  atomic {
    if
    :: AS_SEEN(seen) -> keep(); key = THIRD; sealed++; value = sealed; overtaken = overtaken || begun
    :: else -> goto done
    fi
  }
  atomic { begun = refused; seen = value }
  atomic {
    if
    :: AS_SEEN(seen) ->
      key = keptKey;
#ifdef OLD_BYTES
      value = keptValue;
#else
      sealed++; value = sealed;
#endif
      overtaken = overtaken || begun
    :: else
    fi
  }
done:
  skip
}

active proctype Reencrypt() {
  byte seen, opened;
  atomic { seen = value; opened = key }
  atomic {
    if
#ifdef NO_COMPARE
    :: true ->
#else
    :: AS_SEEN(seen) ->
#endif
      /* Claim 2: it changes no member's key. */
      assert(key == opened);
      key = opened; sealed++; value = sealed
    :: else
    fi
  }
}
