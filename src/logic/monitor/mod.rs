//! What the screen says about the trail and its tracker, from the lines of both files alone.
