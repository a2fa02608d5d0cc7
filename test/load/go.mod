module httptrace.test/load

go 1.24
