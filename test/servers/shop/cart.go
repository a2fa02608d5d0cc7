package main

import (
	"net/http"
	"sync"
)

const customerHeader = "X-Customer"

// carts by customer. Whoever does not say who he is shares the cart of "guest".
type carts struct {
	mutex sync.Mutex
	items map[string]map[int]int
}

func newCarts() *carts { return &carts{items: map[string]map[int]int{}} }

func (c *carts) add(customer string, product, count int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.items[customer] == nil {
		c.items[customer] = map[int]int{}
	}
	c.items[customer][product] += count
}

func (c *carts) of(customer string) map[int]int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	copied := make(map[int]int, len(c.items[customer]))
	for product, count := range c.items[customer] {
		copied[product] = count
	}
	return copied
}

func (c *carts) empty(customer string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.items, customer)
}

func customerOf(r *http.Request) string {
	if customer := r.Header.Get(customerHeader); customer != "" {
		return customer
	}
	return "guest"
}

func (s *shop) showCart(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, s.carts.of(customerOf(r)))
}

func (s *shop) addToCart(w http.ResponseWriter, r *http.Request) {
	found, ok := s.catalog.find(number(r, "product", 0))
	if !ok {
		writeError(w, http.StatusNotFound, "no such product")
		return
	}
	s.carts.add(customerOf(r), found.ID, number(r, "count", 1))
	w.Header().Set("Location", "/cart")
	writeJSON(w, http.StatusCreated, found)
}
