// A Go program that serves nothing.
package main

import "fmt"

func main() { fmt.Println("hello") }
