package app

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
)

type outOfStock struct {
	Product string
	Left    int
}

func (e *outOfStock) Error() string {
	return fmt.Sprintf("out of stock: %s (%d left)", e.Product, e.Left)
}

type basket struct{ total *int }

func panicRoutes(mux *http.ServeMux) {
	mux.HandleFunc("/panic/string", func(http.ResponseWriter, *http.Request) { panic("the cart is on fire") })
	mux.HandleFunc("/panic/error", func(http.ResponseWriter, *http.Request) { panic(errors.New("no such coupon")) })
	mux.HandleFunc("/panic/custom", func(http.ResponseWriter, *http.Request) { panic(&outOfStock{"lamp", 0}) })
	mux.HandleFunc("/panic/nil", func(w http.ResponseWriter, r *http.Request) {
		var b basket
		fmt.Fprint(w, *b.total)
	})
	mux.HandleFunc("/panic/index", func(w http.ResponseWriter, r *http.Request) {
		list := []string{"a"}
		fmt.Fprint(w, list[len(r.Method)])
	})
	mux.HandleFunc("/panic/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/panic/after-header", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		fmt.Fprint(w, "half of it")
		w.(http.Flusher).Flush()
		panic("too late for a status")
	})
	mux.HandleFunc("/panic/goexit", func(http.ResponseWriter, *http.Request) { runtime.Goexit() })
	mux.Handle("/panic/recovered", recovering(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("caught by a middleware")
	})))
}

func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
