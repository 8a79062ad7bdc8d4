import '@dotscience/ui/style.css';
import './base.css';
