package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

type product struct {
	ID          int      `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Cents       int      `json:"cents"`
	Tags        []string `json:"tags"`
}

type catalog struct{ products []product }

func newCatalog(size int) *catalog {
	things := []string{"lamp", "chair", "desk", "kettle", "mug", "clock", "shelf", "plant", "rug", "mirror"}
	colours := []string{"black", "white", "oak", "green", "steel"}
	c := &catalog{}
	for i := range size {
		thing, colour := things[i%len(things)], colours[i/len(things)%len(colours)]
		c.products = append(c.products, product{
			ID:          i + 1,
			Name:        fmt.Sprintf("%s %s no. %d", colour, thing, i+1),
			Description: strings.Repeat(fmt.Sprintf("A %s that goes well with anything %s. ", thing, colour), 6),
			Cents:       990 + i*37%9000,
			Tags:        []string{thing, colour},
		})
	}
	return c
}

func (c *catalog) find(id int) (product, bool) {
	if id < 1 || id > len(c.products) {
		return product{}, false
	}
	return c.products[id-1], true
}

func (s *shop) listProducts(w http.ResponseWriter, r *http.Request) {
	const perPage = 20
	first := (number(r, "page", 1) - 1) * perPage
	if first >= len(s.catalog.products) {
		writeError(w, http.StatusNotFound, "no such page")
		return
	}
	last := min(first+perPage, len(s.catalog.products))
	readDatabase(1500 * time.Microsecond)
	writeJSON(w, http.StatusOK, s.catalog.products[first:last])
}

func (s *shop) showProduct(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	found, ok := s.catalog.find(id)
	if err != nil || !ok {
		writeError(w, http.StatusNotFound, "no such product")
		return
	}
	readDatabase(800 * time.Microsecond)
	writeJSON(w, http.StatusOK, found)
}

// search has no index: it compares each product with the query letter by letter, then asks the slow stock service.
func (s *shop) search(w http.ResponseWriter, r *http.Request) {
	query := strings.ToLower(r.URL.Query().Get("q"))
	if query == "" {
		writeError(w, http.StatusBadRequest, "give a query: /search?q=lamp")
		return
	}
	var found []product
	for _, p := range s.catalog.products {
		if distance(query, p.Name) < len(p.Name)-len(query)+1 {
			found = append(found, p)
		}
	}
	readDatabase(40 * time.Millisecond)
	writeJSON(w, http.StatusOK, found[:min(len(found), 20)])
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
