"""Price files of every layout that people have: cells from bytes, columns from headers, closes from columns."""
