module httptrace.test/probe-me

go 1.19
