/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_files: page.html, page.css and page.js, as they lie beside this header.
 *
 * The Makefile makes C of them.
 */
#ifndef S3EV_PAGE_FILES_H
#define S3EV_PAGE_FILES_H

extern const char page_html[], page_css[], page_js[];

#endif
