package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"sync"
)

// minPNG is the least width of a PNG in pixels.
const minPNG = 600

// encodePNG draws a symbol in black and white, every module the same whole number of pixels.
func encodePNG(s *symbol) ([]byte, error) {
	scale := (minPNG + s.width - 1) / s.width
	img := image.NewPaletted(image.Rect(0, 0, s.width*scale, s.height*scale), color.Palette{color.White, color.Black})
	for _, r := range s.rects {
		x, width := int(r.x)*scale, int(r.width)*scale
		for y := int(r.y) * scale; y < (int(r.y)+int(r.height))*scale; y++ {
			line := img.Pix[y*img.Stride+x:][:width]
			for i := range line {
				line[i] = 1
			}
		}
	}
	var out bytes.Buffer
	if err := pngEncoder.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	return out.Bytes(), nil
}

// Setting up the compressor takes most of the time of a small picture, so a native build keeps its buffers.
var pngEncoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &pngBuffers{}}

type pngBuffers struct{ pool sync.Pool }

// Get returns nil where the pool is empty: the encoder then makes a buffer itself.
func (p *pngBuffers) Get() *png.EncoderBuffer {
	b, _ := p.pool.Get().(*png.EncoderBuffer)
	return b
}

func (p *pngBuffers) Put(b *png.EncoderBuffer) { p.pool.Put(b) }
