// esbuild turns imported style sheets into main.css.
declare module '*.css'
