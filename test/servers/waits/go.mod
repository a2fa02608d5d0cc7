module httptrace.test/waits

go 1.19
