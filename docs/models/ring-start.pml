/*
 * Which ring a start without a pin takes, when somebody who has the database and the public half of a key-encryption
 * key has put a manifest of his own into it. README.md tells it in words.
 *
 * Guards that can be left out, to see that the claims depend on them:
 *   -DUNTIED            a data key's check does not depend on the ring
 *   -DUNNAMED           values may need a data key that the manifest does not name
 *   -DDROPPED_UNOPENED  a data key that is dropped is not opened, though a value needs it
 *   -DDROPPED_UNNAMED   a data key that is dropped counts as not named
 */

mtype = { none, open, dropped, ours, his, nobody };

/*
 * The genuine manifest, and what it says of the data key that members' values need; a late one may, while it is
 * dropped.
 */
bool genuine = true;
mtype genuineState = open;

/*
 * The attacker's, signed by an identity of his. A data key that he knows is active in it, with a check that he can work
 * out. He does not know members' data key: its check he can only copy.
 */
bool foreign = false;
mtype foreignState = none;

/*
 * Values need members' data key, which he does not know. Values of his own, under any data key, change nothing while
 * they are fewer than members': those that a start picks at random must open (known-values.ts). Someone who deletes or
 * outnumbers members' values, and replaces the ring, is not kept out by a start without pin.
 */

active proctype Attacker() {
  atomic {
    foreign = true;
    if
    :: foreignState = none
    :: foreignState = open
    :: foreignState = dropped
    fi
  }
  if
  :: genuine = false
  :: true
  fi
}

active proctype Operator() {
  genuineState = dropped;
  genuineState = open          /* there were late values: the drop is taken back */
}

#ifdef UNTIED
#define CHECK_FITS true
#else
#define CHECK_FITS (ring == ours)
#endif

/* Manifest, data keys, wrappings and which of them values need, in one snapshot. */
active [2] proctype Replica() {
  mtype ring = nobody, state = none;
  bool opened = false, alone = false;
  atomic {
    if
    :: genuine && !foreign -> ring = ours; state = genuineState; alone = true
    :: !genuine && foreign -> ring = his; state = foreignState
    :: else -> goto refused              /* two rings, or none */
    fi;
    /* What is named and is not dropped, is opened and its check compared; so is what values need. */
    if
    :: state == open -> if :: CHECK_FITS -> opened = true :: else -> goto refused fi
#if !defined(DROPPED_UNOPENED) && !defined(DROPPED_UNNAMED)
    :: state == dropped -> if :: CHECK_FITS -> opened = true :: else -> goto refused fi
#endif
    :: else
    fi;
    /* Values need it. */
#ifdef UNNAMED
    skip;
#elif defined(DROPPED_UNOPENED)
    if :: state == none -> goto refused :: else fi;
#else
    if :: !opened -> goto refused :: else fi;
#endif
    /* Claim 1: nothing is ever sealed under the attacker's data key. */
    assert(ring == ours);
    goto done
  }
refused:
  /* Claim 2: a start is not refused because a drop is going on. */
  assert(!alone);
done:
  skip
}
