package jobs_test

const childDir = "PERGOLA_TEST_JOBS_DIR"

func child() {}
