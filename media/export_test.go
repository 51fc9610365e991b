package media

// NewS3Over is NewS3 for a server whose certificate only the test trusts.
var NewS3Over = newS3
