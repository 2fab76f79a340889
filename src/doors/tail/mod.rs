//! Following and paging files that others write, rotate, cut and delete.
