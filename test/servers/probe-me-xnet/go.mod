module httptrace.test/probe-me/xnet

go 1.19

require (
	golang.org/x/net v0.35.0
	httptrace.test/probe-me v0.0.0
)

require golang.org/x/text v0.22.0 // indirect

replace httptrace.test/probe-me => ../probe-me
