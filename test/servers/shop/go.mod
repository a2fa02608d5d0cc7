module httptrace.test/shop

go 1.22
