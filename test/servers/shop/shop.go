package main

import (
	"encoding/json"
	"net/http"
	"strconv"
)

type shop struct {
	catalog *catalog
	carts   *carts
	ledger  *ledger
}

func newShop() *shop {
	return &shop{catalog: newCatalog(600), carts: newCarts(), ledger: newLedger()}
}

func (s *shop) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", s.listProducts)
	mux.HandleFunc("GET /products/{id}", s.showProduct)
	mux.HandleFunc("GET /search", s.search)
	mux.HandleFunc("GET /cart", s.showCart)
	mux.HandleFunc("POST /cart/items", s.addToCart)
	mux.HandleFunc("POST /checkout", s.checkout)
	mux.HandleFunc("POST /coupon", s.redeemCoupon)
	mux.HandleFunc("GET /report", s.report)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

func writeError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"error": message})
}

// number reads a positive integer from the query, or returns the default.
func number(r *http.Request, name string, otherwise int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n <= 0 {
		return otherwise
	}
	return n
}
