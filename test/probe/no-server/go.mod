module example.test/noserver

go 1.19
