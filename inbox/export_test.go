package inbox

// TailLength is how many events a tail keeps at least.
const TailLength = tailLength
